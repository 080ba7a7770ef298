// The wide loop, before the one that does what is left of the rounds.
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/aot/widening.h"

namespace pipit::aot {

using namespace llvm;

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

}  // namespace pipit::aot
