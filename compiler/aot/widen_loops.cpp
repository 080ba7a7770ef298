// Wasm's vectors have 128 bits. Where the processor's registers have more, several rounds of a loop over
// vectors become one over wider vectors: every operation works on the vectors of these rounds side by side,
// lane by lane, and what memory holds, and which floats are added to which, stays as it was. Sums of integers
// go on in several vectors, one for each of the rounds, which are added when the loop is over. A sum of all
// lanes of products of short integers is told to LLVM as one, which has instructions for such sums.
#include "compiler/aot/widen_loops.h"

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

constexpr u32 kWasmBits = 128, kMostRounds = 8;
/// What is left of a loop that has been widened.
constexpr const char* kWidened = "pipit.widened";
/// Larger bodies have more values than registers already.
constexpr usize kLargestBody = 80;

bool is_vector(const Value& value) { return isa<FixedVectorType>(value.getType()); }

u32 lanes_of(const Type* type) { return cast<FixedVectorType>(type)->getNumElements(); }

/// A sum of integers that goes round: nothing else in the loop sees it.
struct Sum {
  PHINode* phi;
  Instruction* last;
  Instruction* total = nullptr;  ///< behind the loop, the sum of all lanes, if that is all that is asked for
};

/// Where an access of vectors leads: so many bytes further in every round.
struct Place {
  Instruction* access;
  const SCEV* start;
  i64 step;
  u64 bytes;
};

class Widening {
 public:
  Widening(Loop& loop, ScalarEvolution& evolution, AAResults& aliases, const DataLayout& layout)
      : loop_(loop), evolution_(evolution), aliases_(aliases), layout_(layout), body_(*loop.getHeader()) {}

  /// Whether the loop can be widened, and is worth it, in registers of so many bits. `adds_products`: the
  /// processor adds pairs of products of 16 bits.
  bool find(u32 register_bits, bool adds_products);
  void apply(DominatorTree& tree, LoopInfo& loops);

 private:
  bool take_phi(PHINode& phi);
  bool take_sum(PHINode& phi);
  bool take(Instruction& instruction);
  bool take_access(Instruction& access);
  bool is_lane_wise(const Instruction& instruction) const;
  bool only_sums_leave() const;
  bool keeps_order() const;
  bool meets_later(const Place& first, const Place& second) const;
  void find_total(Sum& sum) const;
  bool multiplies_short(const Sum& sum) const;

  Value* wide(IRBuilder<>& b, Value* value);
  Value* side_by_side(IRBuilder<>& b, ArrayRef<Value*> parts) const;
  Value* part(IRBuilder<>& b, Value* value, u32 round) const;
  Value* widen(IRBuilder<>& b, Instruction& instruction);
  Value* widen_load(IRBuilder<>& b, LoadInst& load);
  void widen_store(IRBuilder<>& b, StoreInst& store);
  Value* widen_shuffle(IRBuilder<>& b, ShuffleVectorInst& shuffle);
  Value* pointer_of(IRBuilder<>& b, Instruction& access, u32 round);
  const Place* place_of(const Instruction& access) const;
  Type* wider(Type* type) const {
    return FixedVectorType::get(cast<FixedVectorType>(type)->getElementType(), lanes_of(type) * rounds_);
  }
  void fill(BasicBlock& block, BasicBlock& before);
  Value* join(IRBuilder<>& b, const Sum& sum);

  Loop& loop_;
  ScalarEvolution& evolution_;
  AAResults& aliases_;
  const DataLayout& layout_;
  BasicBlock& body_;
  u32 rounds_ = 0;  ///< that become one
  const SCEV* count_ = nullptr;
  std::vector<std::pair<PHINode*, const SCEVAddRecExpr*>> counters_;
  std::vector<Sum> sums_;
  std::vector<Place> places_;
  SmallPtrSet<const Instruction*, 16> chain_;   ///< additions to sums
  DenseMap<Value*, Value*> scalars_, vectors_;  ///< what stands for them in the wide loop
  BasicBlock* before_ = nullptr;
};

bool Widening::take_phi(PHINode& phi) {
  if (is_vector(phi)) return take_sum(phi);
  const auto* sequence = dyn_cast<SCEVAddRecExpr>(evolution_.getSCEV(&phi));
  if (sequence == nullptr || sequence->getLoop() != &loop_ || !sequence->isAffine() ||
      !isa<SCEVConstant>(sequence->getStepRecurrence(evolution_)))
    return false;
  counters_.emplace_back(&phi, sequence);
  return true;
}

/// Additions from the phi to what comes back to it, each used by the next alone.
bool Widening::take_sum(PHINode& phi) {
  if (!phi.getType()->isIntOrIntVectorTy()) return false;
  auto* last = dyn_cast<Instruction>(phi.getIncomingValueForBlock(&body_));
  const Instruction* at = &phi;
  for (usize links = 0; at != last; ++links) {
    if (last == nullptr || links > kLargestBody || !at->hasOneUse()) return false;
    const auto* next = cast<Instruction>(*at->user_begin());
    if (next->getOpcode() != Instruction::Add || next->getParent() != &body_ ||
        next->getOperand(0) == next->getOperand(1))
      return false;
    at = next;
    chain_.insert(at);
  }
  for (const User* user : last->users())
    if (user != &phi && cast<Instruction>(user)->getParent() == &body_) return false;
  sums_.push_back({&phi, last});
  find_total(sums_.back());
  return last != &phi;
}

/// Whether the first lanes of `value` are those of `of` from `first` on, as lanes of 32 bits or in bytes.
bool takes_lanes(Value* value, const Value* of, u32 first, u32 count) {
  if (const auto* same = dyn_cast<BitCastInst>(value); same != nullptr && same->hasOneUse())
    value = same->getOperand(0);
  const auto* shuffle = dyn_cast<ShuffleVectorInst>(value);
  if (shuffle == nullptr || !shuffle->hasOneUse()) return false;
  const Value* from = shuffle->getOperand(0);
  if (const auto* same = dyn_cast<BitCastInst>(from); same != nullptr && same->hasOneUse())
    from = same->getOperand(0);
  const u32 bits = shuffle->getType()->getScalarSizeInBits();
  if (from != of || bits > 32) return false;
  const ArrayRef<int> mask = shuffle->getShuffleMask();
  for (u32 i = 0; i < count * 32 / bits; ++i)
    if (i >= mask.size() || mask[i] != static_cast<int>(first * 32 / bits + i)) return false;
  return true;
}

/// `of` + its lanes from `count` on, if nothing else is made of it.
Instruction* add_upper_lanes(const Instruction& of, u32 count) {
  if (!of.hasNUses(2)) return nullptr;
  for (const User* user : of.users()) {
    auto* sum = dyn_cast<BinaryOperator>(const_cast<User*>(user));
    if (sum == nullptr || sum->getOpcode() != Instruction::Add) continue;
    Value* other = sum->getOperand(sum->getOperand(0) == &of ? 1 : 0);
    if (takes_lanes(other, &of, count, count)) return sum;
  }
  return nullptr;
}

/// As compilers add up four lanes: halves, then halves of them.
void Widening::find_total(Sum& sum) const {
  using namespace PatternMatch;
  if (!sum.last->getType()->getScalarType()->isIntegerTy(32) || lanes_of(sum.last->getType()) != 4) return;
  const PHINode* leaves = nullptr;
  for (const User* user : sum.last->users()) {
    if (user == sum.phi) continue;
    if (leaves != nullptr || !isa<PHINode>(user)) return;
    leaves = cast<PHINode>(user);
  }
  if (leaves == nullptr || leaves->getNumIncomingValues() != 1) return;
  const Instruction* two = add_upper_lanes(*leaves, 2);
  Instruction* one = two == nullptr ? nullptr : add_upper_lanes(*two, 1);
  if (one == nullptr || !one->hasOneUse()) return;
  auto* user = cast<Instruction>(*one->user_begin());
  if (match(user, m_ExtractElt(m_Specific(one), m_Zero()))) sum.total = user;
}

/// Whether products of integers of 16 bits or less are what is added.
bool Widening::multiplies_short(const Sum& sum) const {
  using namespace PatternMatch;
  const auto is_short = [](Value* value) {
    const Value* narrow;
    return match(value, m_SExt(m_Value(narrow))) && narrow->getType()->getScalarSizeInBits() <= 16;
  };
  for (const Instruction* at = sum.last; at != sum.phi;) {
    const Instruction* next = nullptr;
    for (const Value* operand : at->operands()) {
      Value *x, *y;
      const auto* instruction = dyn_cast<Instruction>(operand);
      if (instruction == sum.phi || (instruction != nullptr && chain_.contains(instruction)))
        next = instruction;
      else if (!match(operand, m_Mul(m_Value(x), m_Value(y))) || !is_short(x) || !is_short(y))
        return false;
    }
    at = next;
  }
  return true;
}

bool Widening::is_lane_wise(const Instruction& instruction) const {
  const auto all_vectors = [&] {
    return all_of(instruction.operands(), [](const Value* operand) { return is_vector(*operand); });
  };
  if (isa<BinaryOperator>(instruction) || isa<UnaryOperator>(instruction) || isa<CmpInst>(instruction) ||
      isa<CastInst>(instruction) || isa<SelectInst>(instruction) || isa<FreezeInst>(instruction))
    return all_vectors();
  if (isa<ShuffleVectorInst>(instruction)) return all_vectors();
  const auto* call = dyn_cast<IntrinsicInst>(&instruction);
  if (call == nullptr || !isTriviallyVectorizable(call->getIntrinsicID())) return false;
  return all_of(call->args(),
                [&](const Value* argument) { return is_vector(*argument) || isa<ConstantInt>(argument); });
}

bool Widening::take_access(Instruction& access) {
  Value* pointer = getLoadStorePointerOperand(&access);
  const SCEV* address = evolution_.getSCEV(pointer);
  Place place{&access, address, 0, layout_.getTypeStoreSize(getLoadStoreType(&access)).getFixedValue()};
  if (const auto* sequence = dyn_cast<SCEVAddRecExpr>(address);
      sequence != nullptr && sequence->getLoop() == &loop_) {
    const auto* step = dyn_cast<SCEVConstant>(sequence->getStepRecurrence(evolution_));
    if (!sequence->isAffine() || step == nullptr || step->getAPInt().getSignificantBits() > 32) return false;
    place.start = sequence->getStart();
    place.step = step->getAPInt().getSExtValue();
  } else if (!loop_.isLoopInvariant(pointer) || isa<StoreInst>(access)) {
    return false;
  }
  places_.push_back(place);
  return true;
}

bool Widening::take(Instruction& instruction) {
  if (instruction.isVolatile() || instruction.isAtomic() || is_anchor(instruction)) return false;
  if (auto* phi = dyn_cast<PHINode>(&instruction)) return take_phi(*phi);
  if (auto* load = dyn_cast<LoadInst>(&instruction)) return is_vector(*load) && take_access(*load);
  if (auto* store = dyn_cast<StoreInst>(&instruction))
    return is_vector(*store->getValueOperand()) && take_access(*store);
  if (is_vector(instruction)) return is_lane_wise(instruction);
  // Counting and addresses.
  return !instruction.mayReadOrWriteMemory() && !isa<CallInst>(instruction) &&
         none_of(instruction.operands(), [](const Value* operand) { return is_vector(*operand); });
}

/// What else is seen behind the loop would have to be computed from the last of the rounds.
bool Widening::only_sums_leave() const {
  for (const Instruction& instruction : body_) {
    const bool is_sum = any_of(sums_, [&](const Sum& sum) { return sum.last == &instruction; });
    for (const User* user : instruction.users())
      if (!is_sum && cast<Instruction>(user)->getParent() != &body_) return false;
  }
  return true;
}

/// Whether the first access of a later round touches what the second one, which follows it in the loop,
/// touches in an earlier round: they would change places.
bool Widening::meets_later(const Place& first, const Place& second) const {
  const auto distance = evolution_.computeConstantDifference(first.start, second.start);
  if (distance && first.step == second.step && distance->getSignificantBits() <= 40) {
    for (u32 later = 1; later < rounds_; ++later) {
      const i64 apart = distance->getSExtValue() + i64{later} * first.step;
      if (apart < static_cast<i64>(second.bytes) && -apart < static_cast<i64>(first.bytes)) return true;
    }
    return false;
  }
  const auto anywhere = [](const Instruction& access) {
    return MemoryLocation::getBeforeOrAfter(getLoadStorePointerOperand(&access), access.getAAMetadata());
  };
  return !aliases_.isNoAlias(anywhere(*first.access), anywhere(*second.access));
}

/// Each instruction is done for all of the rounds before the next one.
bool Widening::keeps_order() const {
  for (usize i = 0; i < places_.size(); ++i)
    for (usize j = i; j < places_.size(); ++j)
      if ((isa<StoreInst>(places_[i].access) || isa<StoreInst>(places_[j].access)) &&
          meets_later(places_[i], places_[j]))
        return false;
  return true;
}

bool Widening::find(u32 register_bits, bool adds_products) {
  auto* branch = dyn_cast<BranchInst>(body_.getTerminator());
  if (loop_.getNumBlocks() != 1 || !loop_.isLoopSimplifyForm() || branch == nullptr ||
      !branch->isConditional() || body_.size() > kLargestBody)
    return false;
  u32 widest = 0;
  for (const Instruction& instruction : body_)
    if (is_vector(instruction))
      widest = std::max<u32>(widest, static_cast<u32>(instruction.getType()->getPrimitiveSizeInBits()));
  if (widest != kWasmBits) return false;
  for (Instruction& instruction : body_)
    if (!instruction.isTerminator() && !take(instruction)) return false;
  rounds_ = register_bits / kWasmBits;
  if (adds_products && sums_.size() == 1 && sums_[0].total != nullptr && multiplies_short(sums_[0]))
    rounds_ *= 2;
  if (rounds_ < 2 || rounds_ > kMostRounds || places_.empty() || !only_sums_leave() || !keeps_order())
    return false;
  // Most of what is loaded and stored must lie side by side.
  const auto apart = count_if(places_, [](const Place& place) {
    return place.step != 0 && place.step != static_cast<i64>(place.bytes);
  });
  if (2 * static_cast<usize>(apart) > places_.size()) return false;
  const SCEV* back = evolution_.getBackedgeTakenCount(&loop_);
  if (isa<SCEVCouldNotCompute>(back) || !back->getType()->isIntegerTy() ||
      evolution_.getUnsignedRangeMax(back).getActiveBits() > 62)
    return false;
  Type* word = Type::getInt64Ty(evolution_.getContext());
  count_ = evolution_.getAddExpr(evolution_.getNoopOrZeroExtend(back, word), evolution_.getOne(word));
  if (const auto* constant = dyn_cast<SCEVConstant>(count_);
      constant != nullptr && constant->getAPInt().ult(u64{2} * rounds_))
    return false;
  return SCEVExpander(evolution_, "rounds")
      .isSafeToExpandAt(count_, loop_.getLoopPreheader()->getTerminator());
}

Value* Widening::side_by_side(IRBuilder<>& b, ArrayRef<Value*> parts) const {
  SmallVector<Value*, kMostRounds> all(parts);
  while (all.size() > 1) {
    const u32 lanes = lanes_of(all[0]->getType());
    SmallVector<int, 64> mask;
    for (u32 i = 0; i < 2 * lanes; ++i) mask.push_back(static_cast<int>(i));
    for (usize i = 0; i < all.size() / 2; ++i)
      all[i] = b.CreateShuffleVector(all[2 * i], all[2 * i + 1], mask);
    all.resize(all.size() / 2);
  }
  return all[0];
}

Value* Widening::part(IRBuilder<>& b, Value* value, u32 round) const {
  const u32 lanes = lanes_of(value->getType()) / rounds_;
  SmallVector<int, 64> mask;
  for (u32 i = 0; i < lanes; ++i) mask.push_back(static_cast<int>(round * lanes + i));
  return b.CreateShuffleVector(value, mask);
}

/// The value in each of the rounds; what the loop does not change is the same in all of them.
Value* Widening::wide(IRBuilder<>&, Value* value) {
  if (Value* known = vectors_.lookup(value)) return known;
  IRBuilder<> b(before_->getTerminator());
  const SmallVector<Value*, kMostRounds> parts(rounds_, value);
  return vectors_[value] = side_by_side(b, parts);
}

const Place* Widening::place_of(const Instruction& access) const {
  return &*find_if(places_, [&](const Place& place) { return place.access == &access; });
}

Value* Widening::pointer_of(IRBuilder<>& b, Instruction& access, u32 round) {
  Value* pointer = getLoadStorePointerOperand(&access);
  if (Value* known = scalars_.lookup(pointer)) pointer = known;
  return round == 0 ? pointer
                    : b.CreateGEP(b.getInt8Ty(), pointer,
                                  b.getInt64(static_cast<u64>(place_of(access)->step * i64{round})));
}

Value* Widening::widen_load(IRBuilder<>& b, LoadInst& load) {
  const Place& place = *place_of(load);
  const auto one = [&](Type* type, u32 round) {
    LoadInst* made = b.CreateAlignedLoad(type, pointer_of(b, load, round), load.getAlign());
    made->setAAMetadata(load.getAAMetadata());
    return made;
  };
  if (place.step == static_cast<i64>(place.bytes)) return one(wider(load.getType()), 0);
  SmallVector<Value*, kMostRounds> parts;
  for (u32 round = 0; round < rounds_; ++round)
    parts.push_back(place.step == 0 && round != 0 ? parts[0] : one(load.getType(), round));
  return side_by_side(b, parts);
}

void Widening::widen_store(IRBuilder<>& b, StoreInst& store) {
  const Place& place = *place_of(store);
  Value* value = wide(b, store.getValueOperand());
  const auto one = [&](Value* what, u32 round) {
    b.CreateAlignedStore(what, pointer_of(b, store, round), store.getAlign())
        ->setAAMetadata(store.getAAMetadata());
  };
  if (place.step == static_cast<i64>(place.bytes)) return one(value, 0);
  for (u32 round = 0; round < rounds_; ++round) one(part(b, value, round), round);
}

Value* Widening::widen_shuffle(IRBuilder<>& b, ShuffleVectorInst& shuffle) {
  const int lanes = static_cast<int>(lanes_of(shuffle.getOperand(0)->getType()));
  SmallVector<int, 64> mask;
  for (u32 round = 0; round < rounds_; ++round)
    for (const int lane : shuffle.getShuffleMask()) {
      const int first = static_cast<int>(round) * lanes;
      mask.push_back(lane < 0       ? -1
                     : lane < lanes ? first + lane
                                    : static_cast<int>(rounds_) * lanes + first + lane - lanes);
    }
  return b.CreateShuffleVector(wide(b, shuffle.getOperand(0)), wide(b, shuffle.getOperand(1)), mask);
}

Value* Widening::widen(IRBuilder<>& b, Instruction& instruction) {
  if (auto* load = dyn_cast<LoadInst>(&instruction)) return widen_load(b, *load);
  if (auto* shuffle = dyn_cast<ShuffleVectorInst>(&instruction)) return widen_shuffle(b, *shuffle);
  SmallVector<Value*, 4> operands;
  const usize count =
      isa<CallInst>(instruction) ? cast<CallInst>(instruction).arg_size() : instruction.getNumOperands();
  for (usize i = 0; i < count; ++i) {
    Value* operand = instruction.getOperand(static_cast<u32>(i));
    operands.push_back(is_vector(*operand) ? wide(b, operand) : operand);
  }
  if (const auto* call = dyn_cast<IntrinsicInst>(&instruction))
    return b.CreateIntrinsic(wider(call->getType()), call->getIntrinsicID(), operands);
  if (auto* cast_of = dyn_cast<CastInst>(&instruction))
    return b.CreateCast(cast_of->getOpcode(), operands[0], wider(cast_of->getType()));
  // The same instruction on other operands: its type follows from theirs, its flags hold in every lane.
  Instruction* made = instruction.clone();
  // Sums of some of the rounds may come round where the whole does not.
  if (chain_.contains(&instruction)) made->dropPoisonGeneratingFlags();
  for (usize i = 0; i < count; ++i) made->setOperand(static_cast<u32>(i), operands[i]);
  made->mutateType(wider(instruction.getType()));
  return b.Insert(made);
}

/// The body of the wide loop, but for its end.
void Widening::fill(BasicBlock& block, BasicBlock& before) {
  IRBuilder<> b(&block);
  PHINode* number = b.CreatePHI(b.getInt64Ty(), 2, "round");
  std::vector<PHINode*> nexts;
  for (const auto& [phi, sequence] : counters_) {
    PHINode* made = b.CreatePHI(phi->getType(), 2);
    made->addIncoming(phi->getIncomingValueForBlock(&before), &before);
    scalars_[phi] = made;
    nexts.push_back(made);
  }
  for (const Sum& sum : sums_) {
    PHINode* made = b.CreatePHI(wider(sum.phi->getType()), 2);
    SmallVector<Value*, kMostRounds> parts(rounds_, Constant::getNullValue(sum.phi->getType()));
    parts[0] = sum.phi->getIncomingValueForBlock(&before);
    IRBuilder<> outside(before.getTerminator());
    made->addIncoming(side_by_side(outside, parts), &before);
    vectors_[sum.phi] = made;
  }
  for (Instruction& instruction : body_) {
    if (isa<PHINode>(instruction) || instruction.isTerminator()) continue;
    b.SetCurrentDebugLocation(instruction.getDebugLoc());
    if (auto* store = dyn_cast<StoreInst>(&instruction)) {
      widen_store(b, *store);
    } else if (is_vector(instruction)) {
      vectors_[&instruction] = widen(b, instruction);
    } else {
      Instruction* made = instruction.clone();
      for (Use& operand : made->operands())
        if (Value* known = scalars_.lookup(operand)) operand.set(known);
      scalars_[&instruction] = b.Insert(made);
    }
  }
  for (usize i = 0; i < counters_.size(); ++i) {
    const auto& step = cast<SCEVConstant>(counters_[i].second->getStepRecurrence(evolution_))->getAPInt();
    Value* by = ConstantInt::get(b.getContext(), step * rounds_);
    Value* next = nexts[i]->getType()->isPointerTy() ? b.CreateGEP(b.getInt8Ty(), nexts[i], by)
                                                     : b.CreateAdd(nexts[i], by);
    nexts[i]->addIncoming(next, &block);
  }
  for (const Sum& sum : sums_) cast<PHINode>(vectors_[sum.phi])->addIncoming(vectors_[sum.last], &block);
  Value* next = b.CreateAdd(number, b.getInt64(1), "", true, true);
  number->addIncoming(b.getInt64(0), &before);
  number->addIncoming(next, &block);
}

Value* Widening::join(IRBuilder<>& b, const Sum& sum) {
  Value* all = vectors_[sum.last];
  if (sum.total != nullptr)  // in whichever lanes it is
    return b.CreateInsertElement(Constant::getNullValue(sum.last->getType()), b.CreateAddReduce(all), u64{0});
  Value* joined = part(b, all, 0);
  for (u32 round = 1; round < rounds_; ++round) joined = b.CreateAdd(joined, part(b, all, round));
  return joined;
}

/// before: enough rounds? -> wide loop -> more rounds? -> the loop as it was, for what is left.
void Widening::apply(DominatorTree& tree, LoopInfo& loops) {
  Function& function = *body_.getParent();
  LLVMContext& context = function.getContext();
  before_ = loop_.getLoopPreheader();
  BasicBlock* exit = loop_.getExitBlock();
  BasicBlock* entry = SplitBlock(before_, before_->getTerminator(), &tree, &loops, nullptr, "wide.entry");
  std::swap(before_, entry);  // entry decides, before_ leads to the wide loop
  BasicBlock* block = BasicBlock::Create(context, "wide", &function, &body_);
  BasicBlock* behind = BasicBlock::Create(context, "wide.end", &function, &body_);
  BasicBlock* rest = BasicBlock::Create(context, "rest", &function, &body_);
  const DebugLoc where = loop_.getStartLoc();
  SCEVExpander expander(evolution_, "rounds");
  Value* total = expander.expandCodeFor(count_, count_->getType(), entry->getTerminator());
  IRBuilder<> b(entry->getTerminator());
  b.SetCurrentDebugLocation(where);
  Value* count = b.CreateUDiv(total, b.getInt64(rounds_));
  b.CreateCondBr(b.CreateIsNull(count), rest, before_);
  entry->getTerminator()->eraseFromParent();
  fill(*block, *before_);
  before_->getTerminator()->replaceSuccessorWith(&body_, block);
  b.SetInsertPoint(block);
  auto* number = cast<PHINode>(&block->front());
  b.CreateCondBr(b.CreateICmpEQ(number->getIncomingValueForBlock(block), count), behind, block);
  b.SetInsertPoint(behind);
  std::vector<Value*> joined;
  joined.reserve(sums_.size());
  for (const Sum& sum : sums_) joined.push_back(join(b, sum));
  b.CreateCondBr(b.CreateICmpEQ(b.CreateMul(count, b.getInt64(rounds_)), total), exit, rest);
  b.SetInsertPoint(rest);
  for (const auto& [phi, sequence] : counters_) {
    PHINode* resumed = b.CreatePHI(phi->getType(), 2);
    resumed->addIncoming(phi->getIncomingValueForBlock(before_), entry);
    resumed->addIncoming(cast<PHINode>(scalars_[phi])->getIncomingValueForBlock(block), behind);
    phi->setIncomingBlock(static_cast<u32>(phi->getBasicBlockIndex(before_)), rest);
    phi->setIncomingValueForBlock(rest, resumed);
  }
  for (usize i = 0; i < sums_.size(); ++i) {
    PHINode* phi = sums_[i].phi;
    PHINode* resumed = b.CreatePHI(phi->getType(), 2);
    resumed->addIncoming(phi->getIncomingValueForBlock(before_), entry);
    resumed->addIncoming(joined[i], behind);
    phi->setIncomingBlock(static_cast<u32>(phi->getBasicBlockIndex(before_)), rest);
    phi->setIncomingValueForBlock(rest, resumed);
  }
  b.CreateBr(&body_);
  for (PHINode& phi : exit->phis()) {
    const auto sum =
        find_if(sums_, [&](const Sum& one) { return one.last == phi.getIncomingValueForBlock(&body_); });
    phi.addIncoming(sum == sums_.end() ? phi.getIncomingValueForBlock(&body_)
                                       : joined[static_cast<usize>(sum - sums_.begin())],
                    behind);
  }
}

bool has_vectors(const Loop& loop) {
  return any_of(*loop.getHeader(), [](const Instruction& instruction) { return is_vector(instruction); });
}

}  // namespace

PreservedAnalyses WidenLoops::run(Function& function, FunctionAnalysisManager& analyses) {
  const auto& target = analyses.getResult<TargetIRAnalysis>(function);
  const u32 bits =
      static_cast<u32>(target.getRegisterBitWidth(TargetTransformInfo::RGK_FixedWidthVector).getFixedValue());
  const bool adds_products = Triple(function.getParent()->getTargetTriple()).isX86();
  bool changed = false;
  for (bool again = true; again;) {
    again = false;
    auto& loops = analyses.getResult<LoopAnalysis>(function);
    auto& tree = analyses.getResult<DominatorTreeAnalysis>(function);
    auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(function);
    auto& aliases = analyses.getResult<AAManager>(function);
    for (Loop* loop : loops.getLoopsInPreorder()) {
      if (!loop->isInnermost() || !has_vectors(*loop) || findOptionMDForLoop(loop, kWidened) != nullptr)
        continue;
      Widening widening(*loop, evolution, aliases, function.getDataLayout());
      if (!widening.find(bits, adds_products)) continue;
      widening.apply(tree, loops);
      addStringMetadataToLoop(loop, kWidened);
      analyses.invalidate(function, PreservedAnalyses::none());
      changed = again = true;
      break;
    }
  }
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace pipit::aot
