// With guard pages a load is its own bounds check, so that one whose value is never used must stay. LLVM
// removes such loads; a volatile one it keeps. Liveness is found as aggressive dead-code elimination finds
// it: what no store, call, branch or return depends on, through any chain of instructions, is dead. Compilers
// to Wasm leave hardly any.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <vector>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

void keep_dead_loads(Function& function) {
  DenseSet<const Instruction*> live;
  std::vector<Instruction*> work;
  const auto mark = [&](Instruction* instruction) {
    if (live.insert(instruction).second) work.push_back(instruction);
  };
  for (Instruction& instruction : instructions(function))
    if (instruction.isTerminator() || instruction.mayHaveSideEffects()) mark(&instruction);
  while (!work.empty()) {
    Instruction* instruction = work.back();
    work.pop_back();
    for (Value* operand : instruction->operands())
      if (auto* used = dyn_cast<Instruction>(operand)) mark(used);
  }
  for (Instruction& instruction : instructions(function)) {
    auto* load = dyn_cast<LoadInst>(&instruction);
    if (load == nullptr || live.contains(load) || load->hasMetadata(LLVMContext::MD_invariant_load)) continue;
    load->setVolatile(true);
  }
}

}  // namespace pipit::aot
