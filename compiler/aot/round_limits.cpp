// Comparisons with limits that an instruction can hold. A processor whose comparisons take constants of few
// bits needs a register and an instruction for each other one, and in a large function that is one more for
// every check. In loops the check is first made with the next lower constant that fits; only what lies
// between the two, the last hundredth or so of memory, is compared with the limit itself.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <bit>

#include "compiler/aot/check.h"

namespace pipit::aot {

using namespace llvm;

namespace {

bool traps(const BasicBlock* block) { return isa<UnreachableInst>(block->getTerminator()); }

/// The largest constant up to `most` that has at most `bits` bits behind its leading zeros.
u64 rounded(u64 most, u32 bits) {
  const int shift = std::bit_width(most) - static_cast<int>(bits);
  return shift <= 0 ? most : most >> shift << shift;
}

/// The check as it was moves to a block of its own, which only large indices come to.
void split(const Check& check, u64 first) {
  BasicBlock* block = check.branch->getParent();
  BasicBlock* trap = check.branch->getSuccessor(check.trap);
  BasicBlock* next = check.branch->getSuccessor(1 - check.trap);
  BasicBlock* exact = BasicBlock::Create(block->getContext(), "", block->getParent());
  check.branch->moveBefore(*exact, exact->end());
  trap->replacePhiUsesWith(block, exact);
  for (PHINode& phi : next->phis()) phi.addIncoming(phi.getIncomingValueForBlock(block), exact);
  IRBuilder<> b(block);
  b.SetCurrentDebugLocation(check.branch->getDebugLoc());
  b.CreateCondBr(b.CreateICmpUGT(check.index, b.getInt32(static_cast<u32>(first))), exact, next,
                 MDBuilder(block->getContext()).createUnlikelyBranchWeights());
}

}  // namespace

bool find_check(BasicBlock& block, Check& out) {
  auto* branch = dyn_cast<BranchInst>(block.getTerminator());
  if (branch == nullptr || !branch->isConditional()) return false;
  const auto* compare = dyn_cast<ICmpInst>(branch->getCondition());
  if (compare == nullptr || !compare->getOperand(0)->getType()->isIntegerTy(32)) return false;
  const auto* constant = dyn_cast<ConstantInt>(compare->getOperand(1));
  if (constant == nullptr || constant->isZero()) return false;
  const u64 value = constant->getZExtValue();
  out = {branch, compare->getOperand(0), value};
  switch (compare->getPredicate()) {
    case CmpInst::ICMP_UGT: break;
    case CmpInst::ICMP_UGE: out.most = value - 1; break;
    case CmpInst::ICMP_ULT: out.most = value - 1, out.trap = 1; break;
    case CmpInst::ICMP_ULE: out.trap = 1; break;
    default: return false;
  }
  return traps(branch->getSuccessor(out.trap)) && !traps(branch->getSuccessor(1 - out.trap));
}

void round_limits(llvm::Module& module, u32 bits) {
  for (Function& function : module) {
    if (function.isDeclaration()) continue;
    DominatorTree tree(function);
    const LoopInfo loops(tree);
    std::vector<Check> checks;
    for (BasicBlock& block : function)
      if (Check check; loops.getLoopFor(&block) != nullptr && find_check(block, check))
        checks.push_back(check);
    for (const Check& check : checks) {
      const u64 first = rounded(check.most, bits);
      // Comparing with one more is as good for the code generator.
      if (first != check.most && rounded(check.most + 1, bits) != check.most + 1) split(check, first);
    }
  }
}

}  // namespace pipit::aot
