// Wasm's vectors have 128 bits. Where the processor's registers have more, several rounds of a loop over
// vectors become one over wider vectors: every operation works on the vectors of these rounds side by side,
// lane by lane, and what memory holds, and which floats are added to which, stays as it was. Sums of integers
// go on in several vectors, one for each of the rounds, which are added when the loop is over. A sum of all
// lanes of products of short integers is told to LLVM as one, which has instructions for such sums.
#include "compiler/aot/widen_loops.h"

#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Module.h>
#include <llvm/TargetParser/Triple.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

#include "compiler/aot/widening.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// What is left of a loop that has been widened.
constexpr const char* kWidened = "pipit.widened";

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
