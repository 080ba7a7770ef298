#pragma once
#include <llvm/IR/PassManager.h>

namespace pipit::aot {

/// Does several rounds of a loop over vectors in one where registers are wider than Wasm's vectors, and sums
/// of products by instructions for such sums. Loops must be in simplified form with LCSSA.
struct WidenLoops : llvm::PassInfoMixin<WidenLoops> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace pipit::aot
