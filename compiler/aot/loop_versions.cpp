// Loops that store are vectorised only where none of their accesses can trap: a trap in the middle of what
// became one instruction would show too many stores or too few. Before such a loop, one comparison of each
// group of its accesses with the size of memory decides between two versions: one without anchors, in which
// LLVM may do what it likes, and one as it was, which traps where it must.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/aot/optimise.h"
#include "wasm/native/abi.h"

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;

namespace {

constexpr const char* kCannotTrap = "pipit.cannot_trap";

/// More are not worth what they cost each time the loop is entered.
constexpr usize kMostChecks = 6;
/// Rounds and steps up to which an address cannot come round in 64 bits.
constexpr u64 kMostRounds = u64{1} << 40, kMostStep = u64{1} << 20;

class Versions {
 public:
  Versions(Function& function, FunctionAnalysisManager& analyses)
      : function_(function),
        loops_(analyses.getResult<LoopAnalysis>(function)),
        tree_(analyses.getResult<DominatorTreeAnalysis>(function)),
        evolution_(analyses.getResult<ScalarEvolutionAnalysis>(function)) {}

  bool run() {
    bool changed = false;
    for (Loop* loop : loops_.getLoopsInPreorder())
      if (loop->isInnermost() && may_have_versions(*loop)) changed |= add_version(*loop);
    return changed;
  }

 private:
  static bool may_have_versions(const Loop& loop);
  bool find_reaches(Loop& loop, PredicatedScalarEvolution& predicated);
  const SCEV* reach_of(Instruction& access, PredicatedScalarEvolution& predicated, const SCEV* rounds);
  void add_reach(const SCEV* reach);
  Value* memory_bytes(IRBuilder<>& b) const;
  bool add_version(Loop& loop);
  void clone(Loop& loop, Value* may_trap, Instruction* at);

  Function& function_;
  LoopInfo& loops_;
  DominatorTree& tree_;
  ScalarEvolution& evolution_;
  std::vector<const SCEV*> reaches_;  ///< from the start of memory, which the loop accesses nothing behind
};

/// Loops that change something, call nothing, and can be copied.
bool Versions::may_have_versions(const Loop& loop) {
  if (!loop.isLoopSimplifyForm() || !loop.isSafeToClone()) return false;
  bool stores = false;
  for (const BasicBlock* block : loop.blocks())
    for (const Instruction& instruction : *block) {
      if (is_anchor(instruction)) continue;
      if (instruction.isVolatile()) return false;
      if (isa<CallInst>(instruction) && instruction.mayReadOrWriteMemory()) return false;
      stores |= instruction.mayWriteToMemory();
    }
  return stores;
}

/// Where an access ends at most; null when that cannot be told.
const SCEV* Versions::reach_of(Instruction& access, PredicatedScalarEvolution& predicated,
                               const SCEV* rounds) {
  Value* pointer = getLoadStorePointerOperand(&access);
  if (!is_memory_base(evolution_.getPointerBase(evolution_.getSCEV(pointer)))) return nullptr;
  const SCEV* highest = predicated.getSCEV(pointer);
  if (!evolution_.isLoopInvariant(highest, loops_.getLoopFor(access.getParent()))) {
    const SCEVAddRecExpr* sequence = predicated.getAsAddRec(pointer);
    if (sequence == nullptr || !sequence->isAffine()) return nullptr;
    const auto* step = dyn_cast<SCEVConstant>(sequence->getStepRecurrence(evolution_));
    if (step == nullptr || step->getAPInt().abs().ugt(kMostStep)) return nullptr;
    highest = step->getAPInt().isNegative() ? sequence->getStart()
                                            : sequence->evaluateAtIteration(rounds, evolution_);
  }
  const SCEV* offset = evolution_.removePointerBase(highest);
  return evolution_.getAddExpr(
      offset, evolution_.getConstant(offset->getType(), access.getModule()->getDataLayout().getTypeStoreSize(
                                                            getLoadStoreType(&access))));
}

/// Of reaches that differ by a constant only the furthest matters.
void Versions::add_reach(const SCEV* reach) {
  for (const SCEV*& known : reaches_)
    if (const auto distance = evolution_.computeConstantDifference(reach, known)) {
      if (distance->isStrictlyPositive()) known = reach;
      return;
    }
  reaches_.push_back(reach);
}

bool Versions::find_reaches(Loop& loop, PredicatedScalarEvolution& predicated) {
  const SCEV* rounds = predicated.getSymbolicMaxBackedgeTakenCount();
  if (isa<SCEVCouldNotCompute>(rounds) || evolution_.getUnsignedRangeMax(rounds).ugt(kMostRounds))
    return false;
  reaches_.clear();
  for (BasicBlock* block : loop.blocks())
    for (Instruction& instruction : *block) {
      if (!is_linear(instruction)) continue;
      const SCEV* reach = reach_of(instruction, predicated, rounds);
      if (reach == nullptr) return false;
      add_reach(reach);
    }
  return !reaches_.empty() && reaches_.size() <= kMostChecks;
}

Value* Versions::memory_bytes(IRBuilder<>& b) const {
  MDBuilder metadata(b.getContext());
  const auto load = [&](Type* type, Value* base, u64 offset) {
    return b.CreateAlignedLoad(type, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset), Align(8));
  };
  LoadInst* memory =
      load(b.getPtrTy(), function_.getArg(0), u64{static_cast<u8>(native::Word::memory_inst)} * 8);
  memory->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(b.getContext(), {}));
  return load(b.getInt64Ty(), memory, 8);
}

bool Versions::add_version(Loop& loop) {
  PredicatedScalarEvolution predicated(evolution_, loop);
  if (!find_reaches(loop, predicated)) return false;
  Instruction* at = loop.getLoopPreheader()->getTerminator();
  SCEVExpander expander(evolution_, "inside");
  for (const SCEV* reach : reaches_)
    if (!expander.isSafeToExpandAt(reach, at)) return false;
  Value* may_trap = expander.expandCodeForPredicate(&predicated.getPredicate(), at);
  std::vector<Value*> ends;
  ends.reserve(reaches_.size());
  for (const SCEV* reach : reaches_) ends.push_back(expander.expandCodeFor(reach, reach->getType(), at));
  IRBuilder<> b(at);
  b.SetCurrentDebugLocation(loop.getStartLoc());
  Value* bytes = memory_bytes(b);
  for (Value* end : ends) may_trap = b.CreateOr(may_trap, b.CreateICmpUGT(end, bytes));
  clone(loop, may_trap, at);
  evolution_.forgetAllLoops();
  return true;
}

/// Copies the loop; the copy is what runs when `may_trap`.
void Versions::clone(Loop& loop, Value* may_trap, Instruction* at) {
  BasicBlock* check = at->getParent();
  BasicBlock* preheader = SplitBlock(check, at, &tree_, &loops_, nullptr, "inside");
  SmallVector<BasicBlock*> exits;
  loop.getUniqueExitBlocks(exits);
  ValueToValueMapTy map;
  SmallVector<BasicBlock*, 8> blocks;
  Loop* copy = cloneLoopWithPreheader(preheader, check, &loop, map, ".traps", &loops_, &tree_, blocks);
  remapInstructionsInBlocks(blocks, map);
  for (BasicBlock* exit : exits)
    for (PHINode& phi : exit->phis())
      for (u32 i = 0, count = phi.getNumIncomingValues(); i < count; ++i) {
        const auto value = map.find(phi.getIncomingValue(i));
        phi.addIncoming(value == map.end() ? phi.getIncomingValue(i) : static_cast<Value*>(value->second),
                        cast<BasicBlock>(map[phi.getIncomingBlock(i)]));
      }
  BranchInst* choice = BranchInst::Create(copy->getLoopPreheader(), preheader, may_trap);
  choice->setMetadata(LLVMContext::MD_prof, MDBuilder(function_.getContext()).createUnlikelyBranchWeights());
  choice->setDebugLoc(check->getTerminator()->getDebugLoc());
  ReplaceInstWithInst(check->getTerminator(), choice);
  tree_.recalculate(function_);
  for (Loop* one : {&loop, copy}) formDedicatedExitBlocks(one, &tree_, &loops_, nullptr, true);
  addStringMetadataToLoop(&loop, kCannotTrap);
  for (BasicBlock* block : loop.blocks())
    for (Instruction& instruction : make_early_inc_range(*block))
      if (is_anchor(instruction)) instruction.eraseFromParent();
}

}  // namespace

bool is_memory_base(const SCEV* pointer) {
  const auto* unknown = dyn_cast<SCEVUnknown>(pointer);
  const auto* load = unknown == nullptr ? nullptr : dyn_cast<LoadInst>(unknown->getValue());
  return load != nullptr && load->hasMetadata(LLVMContext::MD_invariant_load);
}

bool cannot_trap(const Loop& loop) { return findOptionMDForLoop(&loop, kCannotTrap) != nullptr; }

PreservedAnalyses VersionLoops::run(Function& function, FunctionAnalysisManager& analyses) {
  return Versions(function, analyses).run() ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace pipit::aot
