#pragma once
#include <llvm/IR/Instructions.h>
#include <llvm/IR/PassManager.h>

#include "base/types.h"

/// Checks of indices by comparisons with constants, as they are when everything else has been optimised.
namespace pipit::aot {

/// A branch that leads to a trap where `index` is more than `most`.
struct Check {
  llvm::BranchInst* branch = nullptr;
  llvm::Value* index = nullptr;
  u64 most = 0;
  u32 trap = 0;  ///< which successor
};

/// Whether `block` ends with one; whose it is, the module's or the application's, makes no difference.
bool find_check(llvm::BasicBlock& block, Check& out);

/// Leads paths on which the index is known past the check (thread_checks.cpp).
struct ThreadChecks : llvm::PassInfoMixin<ThreadChecks> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Lets checks in loops begin with a constant of so many bits (round_limits.cpp).
void round_limits(llvm::Module& module, u32 bits);

}  // namespace pipit::aot
