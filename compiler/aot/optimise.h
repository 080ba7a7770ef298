#pragma once
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/aot/compile.h"

/// What happens to the LLVM module between lowering and code generation.
namespace pipit::aot {

/// Runs LLVM's passes as the effort says, and keeps loads that trap where nobody uses what they load.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, const Options& options);

/// Functions that are going to be checked need their context. Until LLVM's interprocedural passes are over, a
/// call of this function, which does not exist, keeps the parameter in use.
constexpr const char* kContextMarker = "pipit.context";

// Late: what LLVM's passes must not see, or would move (guards.cpp).

/// Makes every function that calls others check the stack as it is entered.
support::Status add_stack_checks(llvm::Module& module, const Options& options);
/// Spends a unit of fuel at every loop head and at the entry of every function that calls others.
support::Status add_metering(llvm::Module& module, const Options& options);

// Early (dead_loads.cpp).

/// Loads from linear memory whose value nobody uses still trap when they lie outside: makes those volatile.
void keep_dead_loads(llvm::Function& function);

}  // namespace pipit::aot
