// Several rounds of an outer loop in one of its inner loop ("unroll and jam"): what the inner loop loads and
// stores in every round of the outer one is then loaded and stored once for all of them, and sums that must
// not be reordered go on side by side. LLVM has the transformation and the proof that no result depends on
// it, but decides for it only when told.
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/DependenceAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/Transforms/Utils/UnrollLoop.h>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// Instructions of the inner loop up to which so many rounds become one.
constexpr usize kFourTimes = 24, kTwice = 48;
/// An inner loop of fewer rounds is unrolled altogether.
constexpr u32 kFewRounds = 8;

/// What an inner loop would gain.
struct Gain {
  usize size = 0;
  u32 stores = 0;  ///< to places that the outer loop comes back to in every round
  u32 sums = 0;    ///< of floats, each addition waiting for the one before
  bool possible = true;
};

/// Whether the inner loop goes over the same addresses in every round of the outer one.
bool comes_back(const Value& pointer, const Loop& outer, const Loop& inner, ScalarEvolution& evolution) {
  const auto* sequence = dyn_cast<SCEVAddRecExpr>(evolution.getSCEV(const_cast<Value*>(&pointer)));
  return sequence != nullptr && sequence->getLoop() == &inner && sequence->isAffine() &&
         evolution.isLoopInvariant(sequence->getStart(), &outer) &&
         evolution.isLoopInvariant(sequence->getStepRecurrence(evolution), &outer);
}

Gain look_at(const Loop& outer, const Loop& inner, ScalarEvolution& evolution) {
  Gain gain;
  for (const BasicBlock* block : inner.blocks())
    for (const Instruction& instruction : *block) {
      ++gain.size;
      gain.possible &= !instruction.isVolatile() && !is_anchor(instruction) && !isa<CallInst>(instruction);
      if (const auto* store = dyn_cast<StoreInst>(&instruction)) {
        gain.stores += comes_back(*store->getPointerOperand(), outer, inner, evolution);
      }
    }
  for (const PHINode& phi : inner.getHeader()->phis()) gain.sums += phi.getType()->isFPOrFPVectorTy();
  return gain;
}

u32 rounds_to_join(const Loop& outer, const Loop& inner, ScalarEvolution& evolution) {
  const Gain gain = look_at(outer, inner, evolution);
  if (!gain.possible || gain.stores + gain.sums == 0 || gain.size > kTwice) return 1;
  const u32 inner_rounds = evolution.getSmallConstantTripCount(&inner);
  if (inner_rounds != 0 && inner_rounds < kFewRounds) return 1;
  const u32 count = gain.size <= kFourTimes ? 4 : 2;
  const u32 outer_rounds = evolution.getSmallConstantTripCount(&outer);
  return outer_rounds != 0 && outer_rounds < 2 * count ? 1 : count;
}

}  // namespace

PreservedAnalyses JamLoops::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  auto& tree = analyses.getResult<DominatorTreeAnalysis>(function);
  auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(function);
  auto& dependences = analyses.getResult<DependenceAnalysis>(function);
  auto& assumptions = analyses.getResult<AssumptionAnalysis>(function);
  auto& target = analyses.getResult<TargetIRAnalysis>(function);
  auto& remarks = analyses.getResult<OptimizationRemarkEmitterAnalysis>(function);
  bool changed = false;
  for (Loop* outer : loops.getLoopsInPreorder()) {
    if (outer->getSubLoops().size() != 1 || !outer->getSubLoops()[0]->isInnermost()) continue;
    Loop* inner = outer->getSubLoops()[0];
    if (!outer->isLoopSimplifyForm() || !inner->isLoopSimplifyForm()) continue;
    const u32 count = rounds_to_join(*outer, *inner, evolution);
    if (count < 2 || !isSafeToUnrollAndJam(outer, evolution, tree, dependences, loops)) continue;
    const u32 rounds = evolution.getSmallConstantTripCount(outer);
    const u32 multiple = evolution.getSmallConstantTripMultiple(outer);
    changed |= UnrollAndJamLoop(outer, count, rounds, multiple, false, &loops, &evolution, &tree,
                                &assumptions, &target, &remarks) != LoopUnrollResult::Unmodified;
  }
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace pipit::aot
