// Which loops over vectors can become wider, and are worth it.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/aot/optimise.h"
#include "compiler/aot/widening.h"

namespace pipit::aot {

using namespace llvm;

namespace {

constexpr u32 kWasmBits = 128;
/// Larger bodies have more values than registers already.
constexpr usize kLargestBody = 80;

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

}  // namespace

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

}  // namespace pipit::aot
