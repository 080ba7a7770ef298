// With guard pages a load is its own bounds check, so that it must be executed even where its value turns out
// to be irrelevant. LLVM takes a load for something that never fails: it removes one whose value nobody
// needs, and moves one to the only path that needs it. A use of the value beside the load, the anchor,
// prevents both and still lets equal loads become one. Anchors go when what is left of the optimiser can no
// longer do either, which must be before loops are vectorised; loads that only an anchor held become volatile
// in the end.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include <vector>

#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// A function that does not exist. llvm.fake.use would do if inlining did not drop it.
constexpr const char* kAnchor = "pipit.anchor";

bool is_anchor(const Instruction* instruction) {
  const auto* call = dyn_cast<CallInst>(instruction);
  return call != nullptr && call->getCalledFunction() != nullptr &&
         call->getCalledFunction()->getName() == kAnchor;
}

Function* declare_anchor(Module& module) {
  auto* type = FunctionType::get(Type::getVoidTy(module.getContext()), true);
  auto* anchor = cast<Function>(module.getOrInsertFunction(kAnchor, type).getCallee());
  // It reads all memory, since whoever sees the trap does, and so keeps earlier stores before it; it changes
  // none of it, so that loads become one across it.
  anchor->setMemoryEffects(MemoryEffects::readOnly() | MemoryEffects::inaccessibleMemOnly());
  for (const auto attribute : {Attribute::NoUnwind, Attribute::WillReturn, Attribute::NoCallback,
                               Attribute::NoFree, Attribute::NoSync, Attribute::NoRecurse})
    anchor->addFnAttr(attribute);
  return anchor;
}

/// Accesses to linear memory alone promise no alignment.
bool is_linear(const LoadInst& load) { return load.getAlign() == 1 && !load.isVolatile(); }

/// Instructions that something needs in their own block which stays where it is: nothing can move them out of
/// it. Backwards through each block, in which uses follow what they use.
class Pinned {
 public:
  explicit Pinned(const Function& function) {
    for (const BasicBlock& block : function)
      for (const Instruction& instruction : reverse(block))
        if (any_of(instruction.uses(), [&](const Use& use) { return holds(use, block); }))
          pinned_.insert(&instruction);
  }
  bool contains(const Instruction* instruction) const { return pinned_.contains(instruction); }

 private:
  bool holds(const Use& use, const BasicBlock& block) const {
    const auto* user = cast<Instruction>(use.getUser());
    if (const auto* phi = dyn_cast<PHINode>(user)) return phi->getIncomingBlock(use) == &block;
    if (user->getParent() != &block || is_anchor(user)) return false;
    // A load holds its address, being held itself.
    return user->isTerminator() || user->mayWriteToMemory() || isa<LoadInst>(user) || pinned_.contains(user);
  }
  DenseSet<const Instruction*> pinned_;
};

/// Makes the loads volatile that `value` is computed from.
void keep_loads(Instruction* value) {
  DenseSet<const Instruction*> seen = {value};
  std::vector<Instruction*> work = {value};
  while (!work.empty()) {
    Instruction* instruction = work.back();
    work.pop_back();
    if (auto* load = dyn_cast<LoadInst>(instruction)) {
      if (is_linear(*load)) load->setVolatile(true);
      continue;
    }
    if (instruction->mayReadOrWriteMemory()) continue;
    for (Value* operand : instruction->operands())
      if (auto* next = dyn_cast<Instruction>(operand); next != nullptr && seen.insert(next).second)
        work.push_back(next);
  }
}

}  // namespace

void add_anchors(Function& function) {
  Function* anchor = nullptr;
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    auto* load = dyn_cast<LoadInst>(&instruction);
    if (load == nullptr || !is_linear(*load)) continue;
    if (anchor == nullptr) anchor = declare_anchor(*function.getParent());
    CallInst* call = CallInst::Create(anchor, {load}, "", std::next(load->getIterator()));
    call->setDebugLoc(load->getDebugLoc());
    call->addFnAttr(Attribute::get(function.getContext(), "call-inline-cost", "0"));
  }
}

void settle_anchors(Function& function, bool finally) {
  const Pinned pinned(function);
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    if (!is_anchor(&instruction)) continue;
    auto* value = dyn_cast<Instruction>(cast<CallInst>(instruction).getArgOperand(0));
    if (value != nullptr && !pinned.contains(value)) {
      if (!finally) continue;
      keep_loads(value);
    }
    instruction.eraseFromParent();
  }
}

}  // namespace pipit::aot
