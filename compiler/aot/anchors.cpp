// With guard pages a load is its own bounds check, so that it must be executed even where its value turns out
// to be irrelevant, and whoever looks at memory and globals after a trap must find every store before it and
// none after it. LLVM takes an access for something that never fails: it removes loads whose value nobody
// needs, moves them to the only path that needs it, and removes or delays stores. Anchors, calls beside the
// accesses, prevent that and still let equal loads become one. Loops in which nothing can trap need none
// (loop_versions.cpp). When optimisation is over what is left of them becomes volatile accesses where code
// generation would still reorder.
#include <llvm/Analysis/ValueTracking.h>
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

Function* declare_anchor(Module& module) {
  auto* type = FunctionType::get(Type::getVoidTy(module.getContext()), true);
  auto* anchor = cast<Function>(module.getOrInsertFunction(kAnchor, type).getCallee());
  // It reads all memory, since whoever sees the trap does, and so keeps earlier stores before it; being given
  // the context, which is noalias, it reads globals too. It changes none of it, so that loads become one
  // across it. It may not return, so that nothing that traps or stores comes before it.
  anchor->setMemoryEffects(MemoryEffects::readOnly() | MemoryEffects::inaccessibleMemOnly());
  // Nor do accesses of two paths become one, which would have the place of neither.
  anchor->addFnAttr(Attribute::NoMerge);
  for (const auto attribute : {Attribute::NoUnwind, Attribute::NoCallback, Attribute::NoFree,
                               Attribute::NoSync, Attribute::NoRecurse})
    anchor->addFnAttr(attribute);
  return anchor;
}

/// Whether it stores what can be seen after a trap: memory, globals, results.
bool changes_state(const Instruction& instruction) {
  const auto* store = dyn_cast<StoreInst>(&instruction);
  return store != nullptr && !isa<AllocaInst>(getUnderlyingObject(store->getPointerOperand()));
}

/// Instructions that something needs in their own block which stays where it is: nothing can move them out of
/// it. Backwards through each block, in which uses follow what they use.
class Pinned {
 public:
  Pinned(const Function& function, const LoopInfo& loops) : loops_(loops) {
    for (const BasicBlock& block : function)
      for (const Instruction& instruction : reverse(block))
        if (any_of(instruction.uses(), [&](const Use& use) { return holds(use, block); }))
          pinned_.insert(&instruction);
  }
  bool contains(const Instruction* instruction) const { return pinned_.contains(instruction); }

 private:
  bool holds(const Use& use, const BasicBlock& block) const {
    const auto* user = cast<Instruction>(use.getUser());
    if (const auto* phi = dyn_cast<PHINode>(user))
      return phi->getIncomingBlock(use) == &block && stays_before(block, *phi->getParent());
    if (user->getParent() != &block || is_anchor(*user)) return false;
    // A load holds its address, being held itself.
    return user->isTerminator() || user->mayWriteToMemory() || isa<LoadInst>(user) || pinned_.contains(user);
  }
  /// Whether what only `next` needs cannot move to the edge that leads there: code generation puts it behind
  /// a loop where one way out of the block needs it, but never on the way back to a loop's beginning.
  bool stays_before(const BasicBlock& block, const BasicBlock& next) const {
    const Loop* loop = loops_.getLoopFor(&next);
    return block.getSingleSuccessor() != nullptr ||
           (loop != nullptr && loop->getHeader() == &next && loop->contains(&block));
  }
  const LoopInfo& loops_;
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
      load->setVolatile(true);
      continue;
    }
    if (instruction->mayReadOrWriteMemory()) continue;
    for (Value* operand : instruction->operands())
      if (auto* next = dyn_cast<Instruction>(operand); next != nullptr && seen.insert(next).second)
        work.push_back(next);
  }
}

/// An innermost loop that changes nothing: which of its loads traps is all that its order decides.
bool only_loads(const Loop& loop) {
  return loop.isInnermost() && all_of(loop.blocks(), [](const BasicBlock* block) {
           return all_of(*block,
                         [](const Instruction& in) { return is_anchor(in) || !in.mayWriteToMemory(); });
         });
}

/// What a load becomes an operand of traps in its place, and so must name its position.
void hand_position_on(Instruction& load) {
  Instruction* value = &load;
  while (value->hasOneUse()) {
    auto* user = cast<Instruction>(*value->user_begin());
    if (user->getParent() != load.getParent() || user->mayReadOrWriteMemory() || isa<PHINode>(user)) return;
    user->setDebugLoc(load.getDebugLoc());
    if (!isa<CastInst>(user)) return;
    value = user;
  }
}

}  // namespace

bool is_anchor(const Instruction& instruction) {
  const auto* call = dyn_cast<CallInst>(&instruction);
  return call != nullptr && call->getCalledFunction() != nullptr &&
         call->getCalledFunction()->getName() == kAnchor;
}

bool is_linear(const Instruction& instruction) {
  // Other accesses promise alignment, and what is volatile is held already.
  return (isa<LoadInst>(instruction) || isa<StoreInst>(instruction)) && !instruction.isVolatile() &&
         getLoadStoreAlignment(&instruction) == 1;
}

void add_anchors(Function& function) {
  Argument* context = function.getArg(0);
  Function* anchor = nullptr;
  const auto add = [&](Instruction& access, ArrayRef<Value*> context_and_value) {
    if (anchor == nullptr) anchor = declare_anchor(*function.getParent());
    CallInst* call = CallInst::Create(anchor, context_and_value, "", std::next(access.getIterator()));
    call->setDebugLoc(access.getDebugLoc());
    call->addFnAttr(Attribute::get(function.getContext(), "call-inline-cost", "0"));
  };
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    if (isa<LoadInst>(instruction) && is_linear(instruction))
      add(instruction, {context, &instruction});
    else if (changes_state(instruction))
      add(instruction, {context});
  }
}

void hold_loads(Function& function) {
  for (Instruction& instruction : instructions(function))
    if (auto* load = dyn_cast<LoadInst>(&instruction); load != nullptr && is_linear(*load))
      load->setVolatile(true);
}

void settle_anchors(Function& function, const LoopInfo& loops, bool in_order) {
  const Pinned pinned(function, loops);
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    if (!is_anchor(instruction)) continue;
    const auto& anchor = cast<CallInst>(instruction);
    auto* value = anchor.arg_size() == 1 ? nullptr : dyn_cast<Instruction>(anchor.getArgOperand(1));
    if (value != nullptr && !pinned.contains(value)) keep_loads(value);
    instruction.eraseFromParent();
  }
  for (Instruction& instruction : instructions(function))
    if (isa<LoadInst>(instruction) && is_linear(instruction)) hand_position_on(instruction);
  if (in_order) return;
  DenseMap<const Loop*, bool> free;
  for (BasicBlock& block : function) {
    const Loop* loop = loops.getLoopFor(&block);
    if (loop != nullptr && free.try_emplace(loop, false).second)
      free[loop] = only_loads(*loop) || cannot_trap(*loop);
    if (loop != nullptr && free[loop]) continue;
    for (Instruction& instruction : block) {
      if (auto* load = dyn_cast<LoadInst>(&instruction); load != nullptr && is_linear(*load))
        load->setVolatile(true);
      if (changes_state(instruction)) cast<StoreInst>(instruction).setVolatile(true);
    }
  }
}

}  // namespace pipit::aot
