// Checks on paths that need none. Where paths meet, the index that is checked may be known on some of them,
// such as a choice between small numbers: those go past the check. LLVM does it for constants; here it is
// told which paths they are, by a condition that is false on them.
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/ValueHandle.h>
#include <llvm/Transforms/Scalar/JumpThreading.h>

#include "compiler/aot/check.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// The phi of the check's block that its index is, shifted or added to; what a range of the phi becomes.
PHINode* index_phi(const Check& check, std::vector<BinaryOperator*>& steps) {
  Value* value = check.index;
  for (auto* step = dyn_cast<BinaryOperator>(value); step != nullptr;
       step = dyn_cast<BinaryOperator>(value)) {
    if (step->getParent() != check.branch->getParent() || !isa<ConstantInt>(step->getOperand(1)))
      return nullptr;
    if (step->getOpcode() != Instruction::Shl && step->getOpcode() != Instruction::Add) return nullptr;
    steps.push_back(step);
    value = step->getOperand(0);
  }
  auto* phi = dyn_cast<PHINode>(value);
  return phi != nullptr && phi->getParent() == check.branch->getParent() ? phi : nullptr;
}

bool is_inside(const Check& check, ConstantRange range, const std::vector<BinaryOperator*>& steps) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step)
    range = range.binaryOp((*step)->getOpcode(), cast<ConstantInt>((*step)->getOperand(1))->getValue());
  return range.getUnsignedMax().ule(check.most);
}

/// Makes the check depend on the path; null where no path is known, or every one.
Instruction* mark_paths(const Check& check) {
  std::vector<BinaryOperator*> steps;
  PHINode* phi = index_phi(check, steps);
  if (phi == nullptr) return nullptr;
  std::vector<bool> inside;
  u32 known = 0;
  for (Value* incoming : phi->incoming_values()) {
    inside.push_back(!isa<Constant>(incoming) &&
                     is_inside(check, computeConstantRange(incoming, false), steps));
    known += inside.back();
  }
  if (known == 0) return nullptr;
  IRBuilder<> b(phi);
  PHINode* matters = b.CreatePHI(b.getInt1Ty(), phi->getNumIncomingValues());
  for (u32 i = 0; i < phi->getNumIncomingValues(); ++i)
    matters->addIncoming(b.getInt1(!inside[i]), phi->getIncomingBlock(i));
  b.SetInsertPoint(check.branch);
  Value* compare = check.branch->getCondition();
  // The comparison leads to the trap where it is true, or where it is not.
  Value* both = check.trap == 0 ? b.CreateAnd(matters, compare) : b.CreateOr(b.CreateNot(matters), compare);
  check.branch->setCondition(both);
  return dyn_cast<Instruction>(both);
}

}  // namespace

PreservedAnalyses ThreadChecks::run(Function& function, FunctionAnalysisManager& analyses) {
  std::vector<std::pair<WeakVH, WeakVH>> marked;  // condition, and the comparison alone
  for (BasicBlock& block : function) {
    Check check;
    if (!find_check(block, check)) continue;
    Value* compare = check.branch->getCondition();
    if (Instruction* both = mark_paths(check)) marked.emplace_back(both, compare);
  }
  if (marked.empty()) return PreservedAnalyses::all();
  analyses.invalidate(function, PreservedAnalyses::none());
  (void)JumpThreadingPass().run(function, analyses);
  // Where the paths could not be parted the check is as it was.
  for (auto& [both, compare] : marked)
    if (both != nullptr && compare != nullptr) both->replaceAllUsesWith(compare);
  return PreservedAnalyses::none();
}

}  // namespace pipit::aot
