#include "compiler/aot/nest_bounds.h"

#include <llvm/Analysis/ScalarEvolutionExpressions.h>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// Rounds and steps up to which nothing comes round in 64 bits, in as many loops as are nested.
constexpr u64 kMostRounds = u64{1} << 34, kMostStep = u64{1} << 20;
constexpr u32 kDeepestNest = 4;
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
const SCEV* NestBounds::follow(Value* value, const Loop& loop, Side side) {
  const SCEV* expression = assumes_ ? predicated_.getSCEV(value) : evolution_.getSCEV(value);
  if (loop.getLoopDepth() - nest_.getLoopDepth() >= kDeepestNest) return nullptr;
  for (const Loop* at = &loop;; at = at->getParentLoop()) {
    if (!evolution_.isLoopInvariant(expression, at)) {
      const auto* sequence = assumes_ ? predicated_.getAsAddRec(value) : dyn_cast<SCEVAddRecExpr>(expression);
      expression = sequence == nullptr ? nullptr : end_of(*sequence, *at, side);
      if (expression == nullptr) return nullptr;
    }
    if (at == &nest_) return expression;
  }
}

const SCEV* NestBounds::most(Value* value, const Loop& loop) {
  const SCEV* plain = evolution_.getSCEV(value);
  const bool is_pointer = value->getType()->isPointerTy();
  if (is_pointer && !is_memory_base(evolution_.getPointerBase(plain))) return nullptr;
  if (const SCEV* end = follow(value, loop, Side::most))
    return is_pointer ? evolution_.removePointerBase(end) : end;
  // Whatever it depends on, its range may be known: of what was masked, or follows nested counters.
  if (is_pointer) plain = evolution_.removePointerBase(plain);
  const APInt highest = evolution_.getUnsignedRangeMax(plain);
  return highest.ugt(kLargestRange) ? nullptr : evolution_.getConstant(highest);
}

ConstantRange NestBounds::range(Value* pointer, const Loop& loop) {
  const SCEV* plain = evolution_.removePointerBase(evolution_.getSCEV(pointer));
  const ConstantRange known = evolution_.getUnsignedRange(plain);
  APInt ends[2] = {known.getUnsignedMin(), known.getUnsignedMax()};
  for (const Side side : {Side::least, Side::most})
    if (const SCEV* end = follow(pointer, loop, side))
      if (const auto* constant = dyn_cast<SCEVConstant>(evolution_.removePointerBase(end));
          constant != nullptr && known.contains(constant->getAPInt()))
        ends[static_cast<bool>(side)] = constant->getAPInt();
  return ConstantRange::getNonEmpty(ends[0], ends[1] + 1);
}

}  // namespace pipit::aot
