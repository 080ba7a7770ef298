// Calls (Wasm 2.0 §4.4.8; tail calls of 3.0).
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::TrapKind;
namespace native = wasm::native;

std::vector<Value*> FunctionLowering::pop_arguments(Value* context, u32 type) {
  const usize count = wasm_.params(type).size();
  std::vector<Value*> arguments = {context};
  arguments.insert(arguments.end(), stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return arguments;
}

void FunctionLowering::finish_call(CallInst* call, u32 type) {
  const wasm::TypeList results = wasm_.results(type);
  if (!call->getType()->isVoidTy()) {
    push(call);
    return;
  }
  if (results.empty()) return;
  Value* cells = m_.constant_word(b_, call->getArgOperand(0), native::Word::results);
  u64 at = 0;
  for (const u8 result : results) {
    push(m_.tag(b_.CreateAlignedLoad(m_.type(result), m_.offset(b_, cells, at), Align(8)),
                ModuleLowering::Kind::result));
    at += u64{8} * wasm::slots_of(result);
  }
}

void FunctionLowering::finish_tail_call(CallInst* call) {
  call->setTailCallKind(CallInst::TCK_MustTail);
  if (call->getType()->isVoidTy())
    b_.CreateRetVoid();
  else
    b_.CreateRet(call);
  stop();
}

void FunctionLowering::call(const wasm::Instruction& in) {
  const u32 type = wasm_.funcs[in.a].type;
  finish_call(m_.call_own(b_, m_.function(in.a), type, pop_arguments(context_, type)), type);
}

void FunctionLowering::tail_call(const wasm::Instruction& in) {
  const u32 type = wasm_.funcs[in.a].type;
  finish_tail_call(m_.call_own(b_, m_.function(in.a), type, pop_arguments(context_, type)));
}

/// A call through a table that never changes, where few of its elements have the type: by comparing the index
/// with each of them, so that their functions can be inlined and what they compute for be told. False: it is
/// not one of those.
bool FunctionLowering::call_known(const wasm::Instruction& in) {
  constexpr usize kMost = 4;
  const u32 canonical = wasm_.types[in.a].canonical;
  const FixedTables::Elements* elements = m_.fixed_tables().find(in.b);
  if (elements == nullptr || m_.part().tier != Tier::full ||
      !(m_.returns_value(in.a) || wasm_.results(in.a).empty()))
    return false;
  std::vector<std::pair<u32, u32>> known;
  for (const auto& [element, func] : *elements)
    if (wasm_.type_of(func).canonical == canonical) known.emplace_back(element, func);
  if (known.empty() || known.size() > kMost) return false;

  Value* index = pop();
  const std::vector<Value*> arguments = pop_arguments(context_, in.a);
  BasicBlock* other = new_block();
  BasicBlock* done = new_block();
  const bool has_result = m_.returns_value(in.a);
  PHINode* result = has_result ? PHINode::Create(m_.type(wasm_.results(in.a)[0]), kMost, "", done) : nullptr;
  const auto finish = [&](CallInst* call) {
    if (has_result) result->addIncoming(call, b_.GetInsertBlock());
    b_.CreateBr(done);
  };
  SwitchInst* choice = b_.CreateSwitch(index, other, static_cast<u32>(known.size()));
  for (const auto& [element, func] : known) {
    BasicBlock* one = new_block();
    choice->addCase(b_.getInt32(element), one);
    b_.SetInsertPoint(one);
    finish(m_.call_own(b_, m_.function(func), in.a, arguments));
  }
  // The runtime knows which trap it is.
  b_.SetInsertPoint(other);
  resolve(in, index);
  b_.CreateUnreachable();
  b_.SetInsertPoint(done);
  if (has_result) push(result);
  return true;
}

/// A reference to a function of this instance is a row of the function table. Everything else (null, another
/// instance's function, another type) is left to the runtime.
void FunctionLowering::call_indirect(const wasm::Instruction& in, bool tail) {
  if (!tail && call_known(in)) return;
  const u32 type = in.a;
  const u32 canonical = wasm_.types[type].canonical;
  Value* index = pop();
  Value* table = table_pointer(in.b);
  trap_if(b_.CreateICmpUGE(index, table_size(table)), TrapKind::undefined_element);
  Value* ref = m_.tag(b_.CreateAlignedLoad(b_.getInt32Ty(), table_element(table, index), Align(4)),
                      ModuleLowering::Kind::table);
  Value* base = b_.CreateTrunc(m_.constant_word(b_, context_, native::Word::ref_base), b_.getInt32Ty());
  Value* row = b_.CreateSub(b_.CreateSub(ref, base), b_.getInt32(1));
  BasicBlock* own = new_block();
  BasicBlock* slow = new_block();
  BasicBlock* ready = tail ? nullptr : new_block();
  BasicBlock* fast = new_block();
  b_.CreateCondBr(b_.CreateICmpULT(row, b_.getInt32(static_cast<u32>(wasm_.funcs.size()))), own, slow);

  b_.SetInsertPoint(own);
  Value* functions = m_.function_table();
  Value* entry = b_.CreateInBoundsGEP(b_.getInt64Ty(), functions, b_.CreateZExt(row, m_.word_type()));
  Value* found = m_.invariant(b_.CreateAlignedLoad(b_.getInt32Ty(), m_.offset(b_, entry, 4), Align(4)));
  b_.CreateCondBr(b_.CreateICmpEQ(found, b_.getInt32(canonical)), fast, slow);
  if (tail) {
    const std::vector<Value*> operands = stack_;
    b_.SetInsertPoint(fast);
    finish_tail_call(
        m_.call_own(b_, code_at(m_.tail_table(), b_.getInt32Ty(), row), type, pop_arguments(context_, type)));
    // Into another instance it is a call: conventions end at the module.
    stack_ = operands;
    b_.SetInsertPoint(slow);
    Value* code = resolve(in, index);
    Value* context = m_.constant_word(b_, context_, native::Word::callee);
    finish_call(m_.apart(b_.CreateCall(m_.function_type(type), code, pop_arguments(context, type))), type);
    return_results(ArrayRef(stack_).take_back(wasm_.results(type).size()));
    stop();
    return;
  }

  b_.SetInsertPoint(fast);
  Value* own_code = code_at(functions, b_.getInt64Ty(), row);
  b_.CreateBr(ready);

  b_.SetInsertPoint(slow);
  Value* other_code = resolve(in, index);
  Value* other_context = m_.constant_word(b_, context_, native::Word::callee);
  b_.CreateBr(ready);

  b_.SetInsertPoint(ready);
  PHINode* code = b_.CreatePHI(m_.pointer_type(), 2);
  code->addIncoming(own_code, fast);
  code->addIncoming(other_code, slow);
  PHINode* context = b_.CreatePHI(m_.pointer_type(), 2);
  context->addIncoming(context_, fast);
  context->addIncoming(other_context, slow);
  finish_call(m_.apart(b_.CreateCall(m_.function_type(type), code, pop_arguments(context, type))), type);
}

/// Code found by its distance from the table, at a row's beginning.
Value* FunctionLowering::code_at(Value* table, llvm::Type* row_type, Value* row) {
  Value* entry = b_.CreateInBoundsGEP(row_type, table, b_.CreateZExt(row, m_.word_type()));
  Value* distance = m_.invariant(b_.CreateAlignedLoad(b_.getInt32Ty(), entry, Align(4)));
  return b_.CreateGEP(b_.getInt8Ty(), table, b_.CreateSExtOrTrunc(distance, m_.word_type()));
}

/// Asks the runtime for the code of a table's element; its context is left in the context.
Value* FunctionLowering::resolve(const wasm::Instruction& in, Value* index) {
  return helper(native::Helper::resolve, {b_.getInt32(in.b), index, b_.getInt32(in.a), where()});
}

}  // namespace pipit::aot
