#pragma once
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/aot/partition.h"

/// What happens to the LLVM module between lowering and code generation.
namespace pipit::aot {

/// Runs LLVM's passes as tier and effort say; a load that would trap stays, whether or not its value is used.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, const Options& options, Tier tier);

/// Has LLVM leave in both what two paths do alike: one access for two has the place of neither, nor their
/// callers where those were inlined. Besides, accesses at different offsets of one base would become one at a
/// chosen offset, which takes a register and two instructions more. LLVM has but switches for the whole
/// process, which its linker sets back: to be called before threads begin to compile.
void leave_accesses_apart();

/// Functions that are going to be checked need their context. Until LLVM's interprocedural passes are over, a
/// call of this function, which does not exist, keeps the parameter in use.
constexpr const char* kContextMarker = "pipit.context";

// Late: what LLVM's passes must not see, or would move (guards.cpp).

/// Makes every function that calls others check the stack as it is entered.
support::Status add_stack_checks(llvm::Module& module, const Options& options);
/// Spends a unit of fuel at every loop head and at the entry of every function that calls others.
support::Status add_metering(llvm::Module& module, const Options& options);

// Accesses that trap (anchors.cpp).

/// Ties accesses of linear memory to where they are.
void add_anchors(llvm::Function& function);
/// Removes the anchors; accesses that LLVM might still remove become volatile, and where code is not
/// generated `in_order` all that may trap.
void settle_anchors(llvm::Function& function, const llvm::LoopInfo& loops, bool in_order);
/// Where nothing is optimised: makes the loads of linear memory volatile, so that none is left out.
void hold_loads(llvm::Function& function);
bool is_anchor(const llvm::Instruction& instruction);
/// Whether it loads or stores in linear memory and so may trap.
bool is_linear(const llvm::Instruction& instruction);

/// Whether the loop is one that VersionLoops made sure of.
bool cannot_trap(const llvm::Loop& loop);

/// Whether it is where linear memory starts.
bool is_memory_base(const llvm::SCEV* pointer);

/// Tells apart what accesses of linear memory can never share (regions.cpp).
struct SeparateRegions : llvm::PassInfoMixin<SeparateRegions> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Lets loops end at a number instead of at some of its bits, so that their rounds can be counted
/// (plain_exits.cpp).
struct PlainExits : llvm::PassInfoMixin<PlainExits> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Gives loops a version for when nothing in them can trap, without anchors or checks (loop_versions.cpp).
/// Loops must be in simplified form with LCSSA.
struct VersionLoops : llvm::PassInfoMixin<VersionLoops> {
  Checks checks;
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Does several rounds of an outer loop in one of the loop in it, where that saves loads and stores or makes
/// sums independent of one another (jam_loops.cpp). Loops must be in simplified form with LCSSA.
struct JamLoops : llvm::PassInfoMixin<JamLoops> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace pipit::aot
