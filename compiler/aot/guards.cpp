// Stack checks and metering. Both are added after optimisation: the optimiser then sees loops without exits
// and calls it would not touch otherwise, and a function that was inlined is checked with the one that
// swallowed it.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/aot/optimise.h"
#include "wasm/native/abi.h"

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;

namespace {

/// Whether `call` may lead to further native code. Helpers are found through invariant loads and have room of
/// their own; what stays indirect otherwise is code.
bool calls_native_code(const CallInst& call) {
  if (const Function* callee = call.getCalledFunction()) return !callee->isIntrinsic();
  if (call.isInlineAsm()) return false;
  const auto* load = dyn_cast<LoadInst>(call.getCalledOperand());
  return load == nullptr || !load->hasMetadata(LLVMContext::MD_invariant_load);
}

bool makes_calls(Function& function) {
  for (Instruction& instruction : instructions(function))
    if (const auto* call = dyn_cast<CallInst>(&instruction); call != nullptr && calls_native_code(*call))
      return true;
  return false;
}

/// Access to the context's words with plain types, once the lowering is over.
class ContextAccess {
 public:
  ContextAccess(Function& function, const Options& options)
      : context_(function.getArg(0)),
        bytes_(options.target.row->pointer_bytes),
        word_(Type::getIntNTy(function.getContext(), bytes_ * 8)) {}

  Type* word() const { return word_; }
  Value* address(IRBuilder<>& b, native::Word word) const {
    return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), context_, u64{static_cast<u8>(word)} * bytes_);
  }
  void call(IRBuilder<>& b, native::Helper helper, ArrayRef<Value*> more) const {
    Type* pointer = b.getPtrTy();
    Value* helpers = b.CreateAlignedLoad(pointer, address(b, native::Word::helpers), Align(bytes_));
    Value* at = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), helpers, u64{static_cast<u8>(helper)} * bytes_);
    Value* callee = b.CreateAlignedLoad(pointer, at, Align(bytes_));
    std::vector<Value*> arguments = {context_};
    std::vector<Type*> types = {pointer};
    for (Value* value : more) arguments.push_back(value), types.push_back(value->getType());
    CallInst* call = b.CreateCall(FunctionType::get(b.getVoidTy(), types, false), callee, arguments);
    call->addFnAttr(Attribute::NoUnwind);
  }

 private:
  Value* context_;
  u32 bytes_;
  Type* word_;
};

/// Stubs have no position in the module; functions know theirs from their debug scope.
u32 body_offset(const Function& function) {
  const DISubprogram* scope = function.getSubprogram();
  return scope == nullptr ? 0 : scope->getLine();
}

BasicBlock::iterator behind_allocas(Function& function) {
  BasicBlock::iterator at = function.getEntryBlock().getFirstNonPHIOrDbg();
  while (isa<AllocaInst>(*at)) ++at;
  return at;
}

DebugLoc location(Function& function) {
  DISubprogram* scope = function.getSubprogram();
  return scope == nullptr ? DebugLoc()
                          : DebugLoc(DILocation::get(function.getContext(), scope->getLine(), 0, scope));
}

/// The context comes first; without it there is nothing to check against.
support::Status expect_context(const Function& function) {
  if (!function.arg_empty() && function.getArg(0)->getType()->isPointerTy() &&
      function.getArg(0)->getName() == "context")
    return {};
  return support::Error(Code::internal, "optimisation took a function's context away");
}

void check_stack(Function& function, const Options& options) {
  const ContextAccess context(function, options);
  LLVMContext& llvm = function.getContext();
  IRBuilder<> b(&function.getEntryBlock(), behind_allocas(function));
  b.SetCurrentDebugLocation(location(function));
  Value* name =
      MetadataAsValue::get(llvm, MDNode::get(llvm, MDString::get(llvm, options.target.row->stack_register)));
  Value* sp = b.CreateIntrinsic(Intrinsic::read_register, {context.word()}, {name});
  Value* limit = b.CreateAlignedLoad(context.word(), context.address(b, native::Word::stack_limit), Align(4));
  Instruction* bad = SplitBlockAndInsertIfThen(b.CreateICmpULT(sp, limit), b.GetInsertPoint(), true,
                                               MDBuilder(llvm).createUnlikelyBranchWeights());
  b.SetInsertPoint(bad);
  const u32 where = native::make_where(body_offset(function), wasm::TrapKind::call_stack_exhausted);
  context.call(b, native::Helper::trap, {b.getInt32(where)});
}

/// ticks -= 1; below zero the runtime decides whether the run goes on now or later.
void spend(Function& function, const Options& options, BasicBlock::iterator at) {
  const ContextAccess context(function, options);
  IRBuilder<> b(at->getParent(), at);
  b.SetCurrentDebugLocation(location(function));
  Value* address = context.address(b, native::Word::ticks);
  Value* ticks = b.CreateSub(b.CreateAlignedLoad(b.getInt32Ty(), address, Align(4)), b.getInt32(1));
  b.CreateAlignedStore(ticks, address, Align(4));
  Instruction* empty =
      SplitBlockAndInsertIfThen(b.CreateICmpSLT(ticks, b.getInt32(0)), b.GetInsertPoint(), false,
                                MDBuilder(function.getContext()).createUnlikelyBranchWeights());
  b.SetInsertPoint(empty);
  context.call(b, native::Helper::pause, {});
}

void meter(Function& function, const Options& options) {
  DominatorTree tree(function);
  LoopInfo loops(tree);
  std::vector<BasicBlock*> heads;
  for (Loop* loop : loops.getLoopsInPreorder()) heads.push_back(loop->getHeader());
  for (BasicBlock* head : heads) spend(function, options, head->getFirstInsertionPt());
  if (makes_calls(function)) spend(function, options, behind_allocas(function));
}

}  // namespace

support::Status add_stack_checks(llvm::Module& module, const Options& options) {
  for (Function& function : module) {
    if (function.isDeclaration() || !makes_calls(function)) continue;
    TRY(expect_context(function));
    check_stack(function, options);
  }
  return {};
}

support::Status add_metering(llvm::Module& module, const Options& options) {
  for (Function& function : module) {
    if (function.getSubprogram() == nullptr || function.isDeclaration()) continue;
    TRY(expect_context(function));
    meter(function, options);
  }
  return {};
}

}  // namespace pipit::aot
