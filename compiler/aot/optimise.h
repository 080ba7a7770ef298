#pragma once
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/aot/partition.h"

/// What happens to the LLVM module between lowering and code generation.
namespace pipit::aot {

/// Runs LLVM's passes as tier and effort say; a load that would trap stays, whether or not its value is used.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, const Options& options, Tier tier);

/// Functions that are going to be checked need their context. Until LLVM's interprocedural passes are over, a
/// call of this function, which does not exist, keeps the parameter in use.
constexpr const char* kContextMarker = "pipit.context";

// Late: what LLVM's passes must not see, or would move (guards.cpp).

/// Makes every function that calls others check the stack as it is entered.
support::Status add_stack_checks(llvm::Module& module, const Options& options);
/// Spends a unit of fuel at every loop head and at the entry of every function that calls others.
support::Status add_metering(llvm::Module& module, const Options& options);

// Loads that trap (anchors.cpp).

/// Ties loads from linear memory to where they are.
void add_anchors(llvm::Function& function);
/// Removes the anchors that nothing depends on any more; `finally` all, where what they held becomes
/// volatile.
void settle_anchors(llvm::Function& function, bool finally);

}  // namespace pipit::aot
