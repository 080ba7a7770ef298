#include "compiler/aot/optimise.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/DeadStoreElimination.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/IndVarSimplify.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/Mem2Reg.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/aot/check.h"
#include "compiler/aot/widen_loops.h"

namespace pipit::aot {

using namespace llvm;

namespace {

struct AddAnchors : PassInfoMixin<AddAnchors> {
  PreservedAnalyses run(Function& function, FunctionAnalysisManager&) {
    add_anchors(function);
    PreservedAnalyses kept;
    kept.preserveSet<CFGAnalyses>();
    return kept;
  }
  static bool isRequired() { return true; }
};

struct SettleAnchors : PassInfoMixin<SettleAnchors> {
  explicit SettleAnchors(bool in_order) : in_order_(in_order) {}
  PreservedAnalyses run(Function& function, FunctionAnalysisManager& analyses) {
    settle_anchors(function, analyses.getResult<LoopAnalysis>(function), in_order_);
    PreservedAnalyses kept;
    kept.preserveSet<CFGAnalyses>();
    return kept;
  }
  static bool isRequired() { return true; }

 private:
  bool in_order_;
};

/// Takes the marks of kContextMarker out before loops are vectorised.
struct DropMarkers : PassInfoMixin<DropMarkers> {
  PreservedAnalyses run(Function& function, FunctionAnalysisManager&) {
    for (BasicBlock& block : function)
      for (Instruction& instruction : make_early_inc_range(block))
        if (const auto* call = dyn_cast<CallInst>(&instruction);
            call != nullptr && call->getCalledFunction() != nullptr &&
            call->getCalledFunction()->getName() == kContextMarker)
          instruction.eraseFromParent();
    PreservedAnalyses kept;
    kept.preserveSet<CFGAnalyses>();
    return kept;
  }
  static bool isRequired() { return true; }
};

/// Versions of loops, and where there are some what can be done in those that cannot trap before they are
/// vectorised.
class RefineLoops : public PassInfoMixin<RefineLoops> {
 public:
  explicit RefineLoops(Checks checks) : versions_{.checks = checks} {
    refine_.addPass(SimplifyCFGPass());
    refine_.addPass(InstCombinePass(InstCombineOptions().setVerifyFixpoint(false).setMaxIterations(1)));
    refine_.addPass(createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), true));
    refine_.addPass(JamLoops());
    refine_.addPass(createFunctionToLoopPassAdaptor(IndVarSimplifyPass()));
    refine_.addPass(EarlyCSEPass(true));
    refine_.addPass(DSEPass());
  }
  PreservedAnalyses run(Function& function, FunctionAnalysisManager& analyses) {
    const PreservedAnalyses versioned = versions_.run(function, analyses);
    const bool has_versions = !versioned.areAllPreserved();
    analyses.invalidate(function, versioned);
    if (versions_.checks == Checks::guard_pages) {
      const PreservedAnalyses settled = SettleAnchors(false).run(function, analyses);
      analyses.invalidate(function, settled);
    }
    if (has_versions) (void)refine_.run(function, analyses);
    return PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }

 private:
  VersionLoops versions_;
  FunctionPassManager refine_;
};

OptimizationLevel level_of(Effort effort) {
  switch (effort) {
    case Effort::o1: return OptimizationLevel::O1;
    case Effort::o2: return OptimizationLevel::O2;
    default: return OptimizationLevel::O3;
  }
}

/// Redundancies and what does not change in loops, once: its producer has optimised the module already.
void add_light_passes(FunctionPassManager& passes) {
  passes.addPass(EarlyCSEPass());
  passes.addPass(SimplifyCFGPass());
  passes.addPass(InstCombinePass(InstCombineOptions().setVerifyFixpoint(false).setMaxIterations(1)));
  LoopPassManager loop_passes;
  loop_passes.addPass(LoopRotatePass());
  loop_passes.addPass(LICMPass(LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(loop_passes), true));
  passes.addPass(GVNPass());
  passes.addPass(SimplifyCFGPass());
}

void promote_locals(Function& function) {
  std::vector<AllocaInst*> locals;
  for (Instruction& instruction : function.getEntryBlock())
    if (auto* local = dyn_cast<AllocaInst>(&instruction); local != nullptr && isAllocaPromotable(local))
      locals.push_back(local);
  if (locals.empty()) return;
  DominatorTree tree(function);
  PromoteMemToReg(locals, tree);
}

/// Quickly compiled code, without an analysis to be paid for; -O0 leaves even locals in the frame.
void optimise_nothing(llvm::Module& module, bool promotes, bool loads_trap) {
  for (Function& function : module) {
    if (function.isDeclaration()) continue;
    if (promotes) promote_locals(function);
    if (loads_trap) hold_loads(function);
  }
}

}  // namespace

void leave_accesses_apart() {
  for (const char* name : {"sink-common-insts", "hoist-common-insts"})
    if (const auto option = cl::getRegisteredOptions().find(name);
        option != cl::getRegisteredOptions().end()) {
      option->second->reset();
      option->second->addOccurrence(0, name, "false");
    }
}

void optimise(llvm::Module& module, TargetMachine& machine, const Options& options, Tier tier) {
  const bool loads_trap = options.target.checks == Checks::guard_pages;
  if (tier == Tier::quick) return optimise_nothing(module, options.effort != Effort::o0, loads_trap);
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = options.effort != Effort::o1;
  tuning.LoopInterleaving = tuning.LoopVectorization;
  PassBuilder builder(&machine, tuning);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graph;
  ModuleAnalysisManager modules;
  // There is no C library behind this code: nothing may become a call to one.
  TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);

  // Where there are 64 bits no address that is checked comes round.
  const bool versions_checks = options.target.is_64_bit();
  builder.registerVectorizerStartEPCallback([=](FunctionPassManager& passes, OptimizationLevel) {
    passes.addPass(DropMarkers());
    passes.addPass(SeparateRegions());
    if (!loads_trap && !versions_checks) return;
    passes.addPass(PlainExits());
    passes.addPass(LoopSimplifyPass());
    passes.addPass(LCSSAPass());
    passes.addPass(RefineLoops(loads_trap ? Checks::guard_pages : Checks::software));
    passes.addPass(LoopSimplifyPass());
    passes.addPass(LCSSAPass());
    passes.addPass(WidenLoops());
  });
  ModulePassManager passes;
  FunctionPassManager first;
  first.addPass(PromotePass());
  if (loads_trap) first.addPass(AddAnchors());
  if (tier == Tier::light) add_light_passes(first);
  passes.addPass(createModuleToFunctionPassAdaptor(std::move(first)));
  if (tier == Tier::full) passes.addPass(builder.buildPerModuleDefaultPipeline(level_of(options.effort)));
  // Efforts without a vectoriser have not dropped them yet.
  FunctionPassManager last;
  last.addPass(DropMarkers());
  last.addPass(SettleAnchors(true));
  if (options.target.checks == Checks::software && tier == Tier::full) last.addPass(ThreadChecks());
  passes.addPass(createModuleToFunctionPassAdaptor(std::move(last)));
  passes.run(module, modules);
}

}  // namespace pipit::aot
