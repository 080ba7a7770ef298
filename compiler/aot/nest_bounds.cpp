#include "compiler/aot/nest_bounds.h"

#include <llvm/Analysis/ScalarEvolutionExpressions.h>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// Rounds and steps up to which nothing comes round in 64 bits, in as many loops as are nested.
constexpr u64 kMostRounds = u64{1} << 34, kMostStep = u64{1} << 20;
constexpr u32 kDeepestNest = 4;
/// By how much addresses may be scaled, all in all.
constexpr u32 kMostFactorBits = 20;
/// What may lie beyond is not known to lie anywhere: few memories are larger, and the version for when all is
/// inside would never run.
constexpr u64 kLargestRange = u64{16} << 20;

}  // namespace

/// How often the loop goes back at most; null when unknown. The exit at its end, which has the simplest
/// expression, decides where it can.
const SCEV* NestBounds::rounds(const Loop& loop) {
  const SCEV* count = evolution_.getCouldNotCompute();
  if (BasicBlock* latch = loop.getLoopLatch(); latch != nullptr && loop.isLoopExiting(latch))
    count = evolution_.getExitCount(&loop, latch);
  if (isa<SCEVCouldNotCompute>(count))
    count = assumes_ ? predicated_.getSymbolicMaxBackedgeTakenCount()
                     : evolution_.getSymbolicMaxBackedgeTakenCount(&loop);
  if (isa<SCEVCouldNotCompute>(count) || evolution_.getUnsignedRangeMax(count).ugt(kMostRounds))
    return nullptr;
  return count;
}

/// The sequence's first or last value: it goes straight up or down.
const SCEV* NestBounds::end_of(const SCEVAddRecExpr& sequence, const Loop& loop, Side side) {
  if (sequence.getLoop() != &loop || !sequence.isAffine()) return nullptr;
  const auto* step = dyn_cast<SCEVConstant>(sequence.getStepRecurrence(evolution_));
  if (step == nullptr || step->getAPInt().abs().ugt(kMostStep)) return nullptr;
  if (step->getAPInt().isNegative() == (side == Side::most)) return sequence.getStart();
  const SCEV* count = rounds(loop);
  return count == nullptr ? nullptr : sequence.evaluateAtIteration(count, evolution_);
}

/// From loop to loop outwards, the value at the end of each.
const SCEV* NestBounds::follow(const SCEV* expression, const Loop& loop, Side side) {
  if (loop.getLoopDepth() - nest_.getLoopDepth() >= kDeepestNest) return nullptr;
  for (const Loop* at = &loop;; at = at->getParentLoop()) {
    if (!evolution_.isLoopInvariant(expression, at)) {
      const auto* sequence = dyn_cast<SCEVAddRecExpr>(expression);
      expression = sequence == nullptr ? nullptr : end_of(*sequence, *at, side);
      if (expression == nullptr) return nullptr;
    }
    if (at == &nest_) return expression;
  }
}

/// Of a nest that is one loop, and as far as assumption() holds.
const SCEV* NestBounds::follow_assuming(Value* value) {
  // An assumption about a loop of unknown length could not be checked.
  if (!assumes_ || rounds(nest_) == nullptr) return nullptr;
  const SCEVAddRecExpr* sequence = predicated_.getAsAddRec(value);
  return sequence == nullptr ? nullptr : end_of(*sequence, nest_, Side::most);
}

/// What is computed in 32 bits, as it would be without that limit. `bits`: by how many powers of two it may
/// grow, so that 64 suffice.
const SCEV* NestBounds::unlimited(const SCEV* narrow, u32 bits) {
  Type* wide = Type::getInt64Ty(evolution_.getContext());
  if (const auto* constant = dyn_cast<SCEVConstant>(narrow))
    return evolution_.getConstant(constant->getAPInt().sext(64));
  if (const auto* sequence = dyn_cast<SCEVAddRecExpr>(narrow); sequence != nullptr && sequence->isAffine())
    return evolution_.getAddRecExpr(unlimited(sequence->getStart(), bits),
                                    unlimited(sequence->getStepRecurrence(evolution_), bits),
                                    sequence->getLoop(), SCEV::FlagAnyWrap);
  if (const auto* sum = dyn_cast<SCEVAddExpr>(narrow); sum != nullptr && sum->getNumOperands() <= 4) {
    SmallVector<const SCEV*> operands;
    for (const SCEV* operand : sum->operands()) operands.push_back(unlimited(operand, bits));
    return evolution_.getAddExpr(operands);
  }
  if (const auto* product = dyn_cast<SCEVMulExpr>(narrow);
      product != nullptr && product->getNumOperands() == 2)
    if (const auto* factor = dyn_cast<SCEVConstant>(product->getOperand(0)))
      if (const u32 needs = factor->getAPInt().abs().getActiveBits(); needs <= bits)
        return evolution_.getMulExpr(evolution_.getConstant(factor->getAPInt().sext(64)),
                                     unlimited(product->getOperand(1), bits - needs));
  return evolution_.getZeroExtendExpr(narrow, wide);
}

/// The same within a sum of what was extended to 64 bits. `parts`: what stands for something of 32 bits.
const SCEV* NestBounds::unlimited_parts(const SCEV* wide, u32 bits, std::vector<const SCEV*>& parts) {
  if (const auto* extension = dyn_cast<SCEVZeroExtendExpr>(wide);
      extension != nullptr && extension->getOperand()->getType()->isIntegerTy(32)) {
    parts.push_back(unlimited(extension->getOperand(), bits));
    return parts.back();
  }
  if (const auto* sum = dyn_cast<SCEVAddExpr>(wide); sum != nullptr && sum->getNumOperands() <= 4) {
    SmallVector<const SCEV*> operands;
    for (const SCEV* operand : sum->operands()) operands.push_back(unlimited_parts(operand, bits, parts));
    return evolution_.getAddExpr(operands);
  }
  if (const auto* product = dyn_cast<SCEVMulExpr>(wide); product != nullptr && product->getNumOperands() == 2)
    if (const auto* factor = dyn_cast<SCEVConstant>(product->getOperand(0));
        factor != nullptr && factor->getAPInt().isStrictlyPositive())
      if (const u32 needs = factor->getAPInt().getActiveBits(); needs <= bits)
        return evolution_.getMulExpr(factor, unlimited_parts(product->getOperand(1), bits - needs, parts));
  if (const auto* sequence = dyn_cast<SCEVAddRecExpr>(wide);
      sequence != nullptr && sequence->isAffine() &&
      isa<SCEVConstant>(sequence->getStepRecurrence(evolution_)))
    return evolution_.getAddRecExpr(unlimited_parts(sequence->getStart(), bits, parts),
                                    sequence->getStepRecurrence(evolution_), sequence->getLoop(),
                                    SCEV::FlagAnyWrap);
  return wide;
}

/// Addresses come round at 2^32, of which LLVM can seldom exclude that they do. They do not where they would
/// be inside of memory without coming round, and never below 0: that can be asked before the nest.
Most NestBounds::most_exact(const SCEV* plain, const Loop& loop) {
  Most result;
  std::vector<const SCEV*> parts;
  const SCEV* exact = unlimited_parts(plain, kMostFactorBits, parts);
  if (parts.empty() || parts.size() > 2) return result;
  for (const SCEV* part : parts) {
    const SCEV* least = follow(part, loop, Side::least);
    if (least == nullptr) return result;
    if (!evolution_.isKnownNonNegative(least)) result.least.push_back(least);
  }
  result.value = follow(exact, loop, Side::most);
  result.exact = exact;
  return result;
}

Most NestBounds::most(Value* value, const Loop& loop) {
  const SCEV* plain = evolution_.getSCEV(value);
  if (value->getType()->isPointerTy()) {
    if (!is_memory_base(evolution_.getPointerBase(plain))) return {};
    plain = evolution_.removePointerBase(plain);
  }
  if (const SCEV* end = follow(plain, loop, Side::most)) return {end, nullptr, {}};
  if (Most exact = most_exact(plain, loop); exact.value != nullptr) return exact;
  if (const SCEV* end = follow_assuming(value))
    return {value->getType()->isPointerTy() ? evolution_.removePointerBase(end) : end, nullptr, {}};
  // Whatever it depends on, its range may be known: of what was masked, or follows nested counters.
  const APInt highest = evolution_.getUnsignedRangeMax(plain);
  if (highest.ugt(kLargestRange)) return {};
  return {evolution_.getConstant(highest), nullptr, {}};
}

ConstantRange NestBounds::range(Value* pointer, const Loop& loop) {
  const SCEV* plain = evolution_.removePointerBase(evolution_.getSCEV(pointer));
  const ConstantRange known = evolution_.getUnsignedRange(plain);
  APInt ends[2] = {known.getUnsignedMin(), known.getUnsignedMax()};
  for (const Side side : {Side::least, Side::most})
    if (const SCEV* end = follow(plain, loop, side))
      if (const auto* constant = dyn_cast<SCEVConstant>(end);
          constant != nullptr && known.contains(constant->getAPInt()))
        ends[static_cast<bool>(side)] = constant->getAPInt();
  return ConstantRange::getNonEmpty(ends[0], ends[1] + 1);
}

}  // namespace pipit::aot
