#include "compiler/aot/optimise.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/Mem2Reg.h>

namespace pipit::aot {

using namespace llvm;

namespace {

struct KeepDeadLoads : PassInfoMixin<KeepDeadLoads> {
  PreservedAnalyses run(Function& function, FunctionAnalysisManager&) {
    keep_dead_loads(function);
    return PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }
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

OptimizationLevel level_of(Effort effort) {
  switch (effort) {
    case Effort::o1: return OptimizationLevel::O1;
    case Effort::o2: return OptimizationLevel::O2;
    default: return OptimizationLevel::O3;
  }
}

}  // namespace

void optimise(llvm::Module& module, TargetMachine& machine, const Options& options) {
  if (options.effort == Effort::o0) {
    FunctionAnalysisManager none;
    for (Function& function : module) {
      if (function.isDeclaration()) continue;
      keep_dead_loads(function);
      DropMarkers().run(function, none);
    }
    return;
  }
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = options.effort >= Effort::o2;
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

  builder.registerVectorizerStartEPCallback(
      [](FunctionPassManager& passes, OptimizationLevel) { passes.addPass(DropMarkers()); });
  ModulePassManager passes;
  FunctionPassManager first;
  first.addPass(PromotePass());
  if (options.target.checks == Checks::guard_pages) first.addPass(KeepDeadLoads());
  if (options.effort == Effort::quick) {
    first.addPass(EarlyCSEPass());
    first.addPass(SimplifyCFGPass());
  }
  passes.addPass(createModuleToFunctionPassAdaptor(std::move(first)));
  if (options.effort != Effort::quick)
    passes.addPass(builder.buildPerModuleDefaultPipeline(level_of(options.effort)));
  // Efforts without a vectoriser have not dropped them yet.
  passes.addPass(createModuleToFunctionPassAdaptor(DropMarkers()));
  passes.run(module, modules);
}

}  // namespace pipit::aot
