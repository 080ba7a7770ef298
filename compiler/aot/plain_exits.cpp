// Counters that C compilers make begin below zero and end there, so that their loop ends when 32 bits come
// round to nothing. Made 64 bits wide, such a loop asks whether the lower 32 of a larger number are nothing,
// and LLVM can no longer tell how often it runs. The number that it ends with is known: asking for that one
// says the same.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PatternMatch.h>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// Starts and steps up to which nothing comes round in 64 bits.
constexpr u32 kMostBits = 40;

/// The first number of the sequence of which no bit of `mask` is set; null when that is not found easily.
std::optional<APInt> first_without(const SCEVAddRecExpr& sequence, const APInt& mask,
                                   ScalarEvolution& evolution) {
  const auto* start = dyn_cast<SCEVConstant>(sequence.getStart());
  const auto* step = dyn_cast<SCEVConstant>(sequence.getStepRecurrence(evolution));
  if (!sequence.isAffine() || start == nullptr || step == nullptr || !mask.isShiftedMask())
    return std::nullopt;
  const APInt &from = start->getAPInt(), &by = step->getAPInt();
  if (!by.isStrictlyPositive() || from.getActiveBits() > kMostBits || by.getActiveBits() > kMostBits ||
      mask.getActiveBits() > kMostBits)
    return std::nullopt;
  // Below the mask there is nothing, so that what counts is the distance to a multiple of the bit above it.
  const u32 below = mask.countTrailingZeros();
  if (from.countTrailingZeros() < below || by.countTrailingZeros() < below) return std::nullopt;
  const APInt distance = (-from).getLoBits(mask.getActiveBits());
  if (distance.urem(by) != 0) return std::nullopt;
  return from + distance;
}

bool make_plain(BasicBlock& block, const Loop& loop, ScalarEvolution& evolution) {
  using namespace PatternMatch;
  auto* branch = dyn_cast<BranchInst>(block.getTerminator());
  if (branch == nullptr || !branch->isConditional()) return false;
  CmpPredicate predicate;
  Value* counter;
  const APInt* mask;
  if (!match(branch->getCondition(), m_ICmp(predicate, m_And(m_Value(counter), m_APInt(mask)), m_Zero())) ||
      !ICmpInst::isEquality(predicate) ||
      loop.contains(branch->getSuccessor(predicate == CmpInst::ICMP_EQ ? 0 : 1)))
    return false;
  const auto* sequence = dyn_cast<SCEVAddRecExpr>(evolution.getSCEV(counter));
  if (sequence == nullptr || sequence->getLoop() != &loop) return false;
  const auto last = first_without(*sequence, *mask, evolution);
  if (!last) return false;
  IRBuilder<> b(branch);
  branch->setCondition(b.CreateICmp(predicate, counter, ConstantInt::get(counter->getType(), *last)));
  return true;
}

}  // namespace

PreservedAnalyses PlainExits::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(function);
  bool changed = false;
  for (Loop* loop : loops.getLoopsInPreorder())
    if (BasicBlock* latch = loop->getLoopLatch(); latch != nullptr && loop->isLoopExiting(latch))
      changed |= make_plain(*latch, *loop, evolution);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace pipit::aot
