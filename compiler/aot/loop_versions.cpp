// Loops are vectorised, and what they store kept in registers, only where none of their accesses can trap: a
// trap in the middle of what became one instruction would show too many stores or too few. Before such a
// loop, or the outermost one of a nest of which everything can be told, comparisons with the size of memory
// decide between two versions: one that cannot trap, in which LLVM may do what it likes, and one as it was,
// which traps where it must.
#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/aot/nest_bounds.h"
#include "compiler/aot/optimise.h"
#include "wasm/native/abi.h"

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;

namespace {

constexpr const char* kCannotTrap = "pipit.cannot_trap";

/// More comparisons are not worth what they cost each time the loop is entered.
constexpr usize kMostBounds = 6;
/// Nests of more instructions are left to their inner loops, since all of it is copied.
constexpr usize kLargestNest = 400;

/// Nothing traps as long as `most` is at most (or with `is_strict` below) `limit`.
struct Bound {
  const SCEV* most;
  Value* limit;  ///< null: the bytes of memory
  bool is_strict;
};

class Versions {
 public:
  Versions(Function& function, FunctionAnalysisManager& analyses, Checks checks)
      : function_(function),
        checks_(checks),
        loops_(analyses.getResult<LoopAnalysis>(function)),
        tree_(analyses.getResult<DominatorTreeAnalysis>(function)),
        evolution_(analyses.getResult<ScalarEvolutionAnalysis>(function)) {}

  bool run() {
    const std::vector<Loop*> outermost(loops_.begin(), loops_.end());
    bool changed = false;
    for (Loop* loop : outermost) changed |= visit(*loop);
    return changed;
  }

 private:
  bool visit(Loop& loop);
  bool may_have_versions(const Loop& loop) const;
  bool find_bounds(Loop& nest, NestBounds& bounds);
  bool find_reaches(BasicBlock& block, NestBounds& bounds);
  void find_check(BasicBlock& block, const Loop& nest, NestBounds& bounds);
  bool is_short(Value& value) const;
  bool add_conditions(Value* condition, bool traps_when, const Loop& loop, const Loop& nest,
                      NestBounds& bounds, std::vector<Bound>& found);
  void add_bound(const Bound& bound);
  Value* memory_bytes(IRBuilder<>& b) const;
  bool add_version(Loop& nest);
  void clone(Loop& nest, Value* may_trap, Instruction* at);
  void drop_checks();
  void rewrite_exactly();

  Function& function_;
  Checks checks_;
  LoopInfo& loops_;
  DominatorTree& tree_;
  ScalarEvolution& evolution_;
  std::vector<Bound> bounds_;
  SetVector<const SCEV*> least_;  ///< nothing comes round as long as none of these is below 0
  std::vector<std::pair<Instruction*, const SCEV*>>
      exact_;  ///< accesses and where they lead without coming round
  /// End in a check that the bounds stand for, which leads to a trap when it yields this.
  std::vector<std::pair<BasicBlock*, bool>> checked_;
};

/// The whole nest if that can be, else the loops in it.
bool Versions::visit(Loop& loop) {
  if (may_have_versions(loop) && add_version(loop)) return true;
  const std::vector<Loop*> inner(loop.begin(), loop.end());
  bool changed = false;
  for (Loop* one : inner) changed |= visit(*one);
  return changed;
}

/// Loops that can be copied; behind guard pages such as change something and call nothing.
bool Versions::may_have_versions(const Loop& loop) const {
  if (!loop.isLoopSimplifyForm() || !loop.isSafeToClone()) return false;
  bool stores = false;
  usize size = 0;
  for (const BasicBlock* block : loop.blocks())
    for (const Instruction& instruction : *block) {
      if (is_anchor(instruction)) continue;
      ++size;
      if (instruction.isVolatile()) return false;
      if (isa<CallInst>(instruction) && instruction.mayReadOrWriteMemory()) return false;
      stores |= instruction.mayWriteToMemory();
    }
  return (stores || checks_ == Checks::software) && (loop.isInnermost() || size <= kLargestNest);
}

/// Of bounds that differ by a constant only the furthest matters.
void Versions::add_bound(const Bound& bound) {
  for (Bound& known : bounds_)
    if (known.limit == bound.limit && known.is_strict == bound.is_strict &&
        known.most->getType() == bound.most->getType())
      if (const auto distance = evolution_.computeConstantDifference(bound.most, known.most)) {
        if (distance->isStrictlyPositive()) known.most = bound.most;
        return;
      }
  bounds_.push_back(bound);
}

/// Where every access of the block ends at most.
bool Versions::find_reaches(BasicBlock& block, NestBounds& bounds) {
  const DataLayout& layout = function_.getDataLayout();
  for (Instruction& access : block) {
    if (!is_linear(access)) continue;
    const Most most = bounds.most(getLoadStorePointerOperand(&access), *loops_.getLoopFor(&block));
    if (most.value == nullptr) return false;
    const u64 bytes = layout.getTypeStoreSize(getLoadStoreType(&access));
    add_bound({evolution_.getAddExpr(most.value, evolution_.getConstant(most.value->getType(), bytes)),
               nullptr, false});
    least_.insert(most.least.begin(), most.least.end());
    if (most.exact != nullptr) exact_.emplace_back(&access, most.exact);
  }
  return true;
}

/// Whether it is as short as an address; numbers that a program compares itself may come round.
bool Versions::is_short(Value& value) const {
  constexpr u32 kBits = NestBounds::kNumberBits;
  return computeKnownBits(&value, function_.getDataLayout()).countMaxActiveBits() <= kBits ||
         evolution_.getUnsignedRangeMax(evolution_.getSCEV(&value)).getActiveBits() <= kBits;
}

/// What must hold so that `condition` is never `traps_when`: comparisons with what the nest does not change.
bool Versions::add_conditions(Value* condition, bool traps_when, const Loop& loop, const Loop& nest,
                              NestBounds& bounds, std::vector<Bound>& found) {
  using namespace PatternMatch;
  Value *one, *other;
  const bool is_tree = traps_when ? match(condition, m_LogicalOr(m_Value(one), m_Value(other)))
                                  : match(condition, m_LogicalAnd(m_Value(one), m_Value(other)));
  if (is_tree)
    return add_conditions(one, traps_when, loop, nest, bounds, found) &&
           add_conditions(other, traps_when, loop, nest, bounds, found);
  const auto* comparison = dyn_cast<ICmpInst>(condition);
  if (comparison == nullptr || !comparison->getOperand(0)->getType()->isIntegerTy(64)) return false;
  auto predicate = traps_when ? comparison->getPredicate() : comparison->getInversePredicate();
  Value *value = comparison->getOperand(0), *limit = comparison->getOperand(1);
  if (predicate == CmpInst::ICMP_ULT || predicate == CmpInst::ICMP_ULE) {
    std::swap(value, limit);
    predicate = CmpInst::getSwappedPredicate(predicate);
  }
  if ((predicate != CmpInst::ICMP_UGT && predicate != CmpInst::ICMP_UGE) || !nest.isLoopInvariant(limit))
    return false;
  if (!is_short(*value)) return false;
  const Most most = bounds.most(value, loop);
  if (most.value == nullptr) return false;
  found.push_back({most.value, limit, predicate == CmpInst::ICMP_UGE});
  if (most.exact != nullptr)  // what is below the limit must not have come round either
    found.push_back({most.value, ConstantInt::get(limit->getType(), u64{1} << 32), true});
  least_.insert(most.least.begin(), most.least.end());
  return true;
}

/// A check at the end of the block that can be made before the nest.
void Versions::find_check(BasicBlock& block, const Loop& nest, NestBounds& bounds) {
  const auto* branch = dyn_cast<BranchInst>(block.getTerminator());
  if (branch == nullptr || !branch->isConditional()) return;
  const auto leads_to_trap = [&](const BasicBlock* to) {
    if (nest.contains(to)) return false;
    for (u32 steps = 0; steps < 3 && to != nullptr; ++steps, to = to->getSingleSuccessor())
      if (isa<UnreachableInst>(to->getTerminator())) return true;
    return false;
  };
  const bool traps_when = leads_to_trap(branch->getSuccessor(0));
  if (traps_when == leads_to_trap(branch->getSuccessor(1))) return;
  std::vector<Bound> found;
  if (!add_conditions(branch->getCondition(), traps_when, *loops_.getLoopFor(&block), nest, bounds, found))
    return;
  const std::vector<Bound> before = bounds_;
  for (const Bound& bound : found) add_bound(bound);
  if (bounds_.size() > kMostBounds)
    bounds_ = before;
  else
    checked_.emplace_back(&block, traps_when);
}

bool Versions::find_bounds(Loop& nest, NestBounds& bounds) {
  bounds_.clear();
  checked_.clear();
  least_.clear();
  exact_.clear();
  for (BasicBlock* block : nest.blocks())
    if (checks_ == Checks::software)
      find_check(*block, nest, bounds);
    else if (!find_reaches(*block, bounds))
      return false;
  return !bounds_.empty() && bounds_.size() + least_.size() <= kMostBounds;
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

bool Versions::add_version(Loop& nest) {
  NestBounds bounds(evolution_, nest, true);
  if (!find_bounds(nest, bounds)) return false;
  Instruction* at = nest.getLoopPreheader()->getTerminator();
  SCEVExpander expander(evolution_, "inside");
  for (const Bound& bound : bounds_)
    if (!expander.isSafeToExpandAt(bound.most, at)) return false;
  for (const SCEV* least : least_)
    if (!expander.isSafeToExpandAt(least, at)) return false;
  // What is assumed is checked by counting rounds: of a loop whose rounds cannot be counted nothing is.
  SmallVector<const SCEVPredicate*, 4> further;
  if (!bounds.assumption().isAlwaysTrue() &&
      isa<SCEVCouldNotCompute>(evolution_.getPredicatedSymbolicMaxBackedgeTakenCount(&nest, further)))
    return false;
  Value* may_trap = expander.expandCodeForPredicate(&bounds.assumption(), at);
  std::vector<Value*> most;
  most.reserve(bounds_.size());
  for (const Bound& bound : bounds_)
    most.push_back(expander.expandCodeFor(bound.most, bound.most->getType(), at));
  IRBuilder<> b(at);
  b.SetCurrentDebugLocation(nest.getStartLoc());
  Value* bytes = checks_ == Checks::software ? nullptr : memory_bytes(b);
  for (usize i = 0; i < most.size(); ++i) {
    const Bound& bound = bounds_[i];
    may_trap = b.CreateOr(may_trap, b.CreateICmp(bound.is_strict ? CmpInst::ICMP_UGE : CmpInst::ICMP_UGT,
                                                 most[i], bound.limit != nullptr ? bound.limit : bytes));
  }
  for (const SCEV* least : least_)
    may_trap = b.CreateOr(may_trap, b.CreateIsNeg(expander.expandCodeFor(least, least->getType(), at)));
  clone(nest, may_trap, at);
  rewrite_exactly();
  evolution_.forgetAllLoops();
  return true;
}

/// Takes the checks out of the version that needs none.
void Versions::drop_checks() {
  for (const auto& [block, traps_when] : checked_) {
    auto* branch = cast<BranchInst>(block->getTerminator());
    branch->getSuccessor(traps_when ? 0 : 1)->removePredecessor(block, true);
    BranchInst* only = BranchInst::Create(branch->getSuccessor(traps_when ? 1 : 0));
    only->setDebugLoc(branch->getDebugLoc());
    ReplaceInstWithInst(branch, only);
  }
}

/// In the version that cannot trap no address comes round, so that it can be computed in 64 bits.
void Versions::rewrite_exactly() {
  SCEVExpander expander(evolution_, "exact");
  for (const auto& [access, exact] : exact_) {
    if (!expander.isSafeToExpandAt(exact, access)) continue;
    const u32 operand =
        isa<StoreInst>(access) ? StoreInst::getPointerOperandIndex() : LoadInst::getPointerOperandIndex();
    const SCEV* base = evolution_.getPointerBase(evolution_.getSCEV(access->getOperand(operand)));
    IRBuilder<> b(access);
    Value* distance = expander.expandCodeFor(exact, exact->getType(), access);
    access->setOperand(operand, b.CreateGEP(b.getInt8Ty(), cast<SCEVUnknown>(base)->getValue(), distance, "",
                                            GEPNoWrapFlags::inBounds() | GEPNoWrapFlags::noUnsignedWrap()));
  }
}

/// Copies the nest; the copy is what runs when `may_trap`.
void Versions::clone(Loop& nest, Value* may_trap, Instruction* at) {
  BasicBlock* check = at->getParent();
  BasicBlock* preheader = SplitBlock(check, at, &tree_, &loops_, nullptr, "inside");
  SmallVector<BasicBlock*> exits;
  nest.getUniqueExitBlocks(exits);
  ValueToValueMapTy map;
  SmallVector<BasicBlock*, 8> blocks;
  Loop* copy = cloneLoopWithPreheader(preheader, check, &nest, map, ".traps", &loops_, &tree_, blocks);
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
  drop_checks();
  tree_.recalculate(function_);
  for (Loop* one : {&nest, copy})
    for (Loop* loop : one->getLoopsInPreorder())
      formDedicatedExitBlocks(loop, &tree_, &loops_, nullptr, true);
  for (Loop* loop : nest.getLoopsInPreorder()) addStringMetadataToLoop(loop, kCannotTrap);
  for (BasicBlock* block : nest.blocks())
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
  return Versions(function, analyses, checks).run() ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace pipit::aot
