#include "compiler/aot/function_lowering.h"

#include <llvm/Transforms/Utils/Local.h>

#include "base/endian.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Immediate;
using wasm::Op;
using wasm::TrapKind;
namespace native = wasm::native;

FunctionLowering::FunctionLowering(ModuleLowering& module, u32 func)
    : m_(module),
      wasm_(module.wasm()),
      func_(func),
      function_(module.function(func)),
      context_(function_->getArg(0)),
      b_(module.context()),
      scope_(module.scope(func)),
      reader_(wasm_.code, wasm_.funcs[func].body) {}

BasicBlock* FunctionLowering::new_block(const char* name) {
  return BasicBlock::Create(m_.context(), name, function_);
}

Value* FunctionLowering::pop() {
  Value* value = stack_.back();
  stack_.pop_back();
  return value;
}

/// An i32 as a condition. What was a comparison just before stays one.
Value* FunctionLowering::pop_bool() {
  Value* value = pop();
  if (auto* extension = dyn_cast<ZExtInst>(value);
      extension != nullptr && extension->getSrcTy()->isIntegerTy(1))
    return extension->getOperand(0);
  return b_.CreateICmpNE(value, b_.getInt32(0));
}

Value* FunctionLowering::where(TrapKind kind) { return b_.getInt32(native::make_where(at_, kind)); }

/// All traps of a function leave through one block, so that each costs a branch and a constant.
void FunctionLowering::add_trap_edge(BasicBlock* from, u32 where) {
  if (trap_block_ == nullptr) {
    trap_block_ = new_block("trap");
    trap_where_ = PHINode::Create(b_.getInt32Ty(), 2, "", trap_block_);
  }
  trap_where_->addIncoming(b_.getInt32(where), from);
}

void FunctionLowering::trap_if(Value* bad, TrapKind kind) {
  if (const auto* known = dyn_cast<ConstantInt>(bad); known != nullptr && known->isZero()) return;
  add_trap_edge(b_.GetInsertBlock(), native::make_where(at_, kind));
  BasicBlock* next = new_block();
  b_.CreateCondBr(bad, trap_block_, next, m_.unlikely());
  b_.SetInsertPoint(next);
}

void FunctionLowering::run() {
  function_->setSubprogram(scope_);
  b_.SetInsertPoint(new_block("entry"));
  at_ = wasm_.funcs[func_].body;
  b_.SetCurrentDebugLocation(m_.location(scope_, at_));
  const auto add_local = [&](u8 type, Value* initial) {
    AllocaInst* local = b_.CreateAlloca(m_.type(type));
    b_.CreateStore(initial != nullptr ? initial : Constant::getNullValue(m_.type(type)), local);
    locals_.push_back(local);
  };
  const u32 type = wasm_.funcs[func_].type;
  const std::vector<Value*> arguments = m_.own_arguments(b_, *function_, type);
  for (usize i = 0; i < arguments.size(); ++i) add_local(wasm_.params(type)[i], arguments[i]);
  reader_.leb_u32();  // size
  for (u32 groups = reader_.leb_u32(); groups != 0; --groups) {
    const u32 count = reader_.leb_u32();
    const u8 local = wasm::read_value_type(reader_);
    for (u32 i = 0; i < count; ++i) add_local(local, nullptr);
  }
  // Once, here, since it never changes: every access begins with it.
  memory_base_ = m_.constant_word(b_, context_, native::Word::memory);
  Label whole{
      .op = Op::block, .params = {}, .results = wasm_.results(type), .height = 0, .end = new_block("return")};
  for (const u8 result : whole.results)
    whole.end_phis.push_back(PHINode::Create(m_.type(result), 1, "", whole.end));
  labels_.push_back(std::move(whole));
  u32 dead = 0;  // blocks opened in code that cannot be reached
  while (!labels_.empty()) {
    wasm::Instruction in;
    wasm::read_instruction(reader_, in);
    const Op op = static_cast<Op>(in.op);
    if (op == Op::br_table && !reachable_)
      for (u32 i = 0; i <= in.a; ++i) reader_.leb_u32();
    if (reachable_) {
      at_ = in.at;
      instruction(in);
    } else if (op == Op::block || op == Op::loop || op == Op::if_) {
      ++dead;
    } else if (op == Op::end && dead != 0) {
      --dead;
    } else if (dead == 0 && (op == Op::end || op == Op::else_)) {
      control(in);
    }
  }
  if (trap_block_ != nullptr) {
    b_.SetInsertPoint(trap_block_);
    b_.SetCurrentDebugLocation(m_.location(scope_, wasm_.funcs[func_].body));
    helper(native::Helper::trap, {trap_where_});
    b_.CreateUnreachable();
  }
  RecursivelyDeleteTriviallyDeadInstructions(memory_base_);
  if (m_.part().tier != Tier::quick && (makes_calls_ || has_loops_ || m_.options().metering))
    m_.keep_context(*function_);
}

/// Whether it accesses memory or calls, if only the runtime.
static bool has_position(const wasm::Instruction& in) {
  const Immediate immediate = wasm::op_info(in.op).immediate;
  const Op op = static_cast<Op>(in.op);
  return immediate == Immediate::memarg || immediate == Immediate::memarg_lane ||
         immediate == Immediate::func || immediate == Immediate::type_table || op == Op::table_get ||
         op == Op::table_set || op == Op::memory_grow || (op >= Op::memory_init && op <= Op::table_fill);
}

/// What neither accesses memory nor calls.
static bool needs_no_position(Op op) {
  return (op >= Op::local_get && op <= Op::global_set) || (op >= Op::i32_const && op <= Op::i64_extend32_s);
}

void FunctionLowering::instruction(const wasm::Instruction& in) {
  const Immediate immediate = wasm::op_info(in.op).immediate;
  makes_calls_ |= immediate == Immediate::func || immediate == Immediate::type_table;
  if (has_position(in))
    b_.SetCurrentDebugLocation(m_.location(scope_, in.at));
  else if (m_.part().tier == Tier::quick && needs_no_position(static_cast<Op>(in.op)))
    b_.SetCurrentDebugLocation(DebugLoc());  // LLVM counts every copy of one
  if (in.op >= wasm::kFirstSimd) {
    simd(in);
    return;
  }
  if (variable(in) || constant(in) || integer(in) || floating(in) || conversion(in) || memory(in) ||
      bulk(in) || table(in))
    return;
  control(in);
}

bool FunctionLowering::variable(const wasm::Instruction& in) {
  switch (static_cast<Op>(in.op)) {
    case Op::local_get: push(b_.CreateLoad(locals_[in.a]->getAllocatedType(), locals_[in.a])); return true;
    case Op::local_set: b_.CreateStore(pop(), locals_[in.a]); return true;
    case Op::local_tee: b_.CreateStore(stack_.back(), locals_[in.a]); return true;
    case Op::global_get:
      push(m_.tag(b_.CreateAlignedLoad(m_.type(wasm_.globals[in.a].type),
                                       m_.global_address(b_, context_, in.a), Align(8)),
                  ModuleLowering::Kind::global));
      return true;
    case Op::global_set:
      m_.tag(b_.CreateAlignedStore(pop(), m_.global_address(b_, context_, in.a), Align(8)),
             ModuleLowering::Kind::global);
      return true;
    default: return false;
  }
}

bool FunctionLowering::constant(const wasm::Instruction& in) {
  const u8* at = wasm_.code.data() + in.operands;
  switch (static_cast<Op>(in.op)) {
    case Op::i32_const: push(b_.getInt32(static_cast<u32>(wasm::trusted_s32(at)))); return true;
    case Op::i64_const: push(b_.getInt64(static_cast<u64>(wasm::trusted_s64(at)))); return true;
    case Op::f32_const:
      push(ConstantFP::get(m_.context(), APFloat(APFloat::IEEEsingle(), APInt(32, load_le<u32>(at)))));
      return true;
    case Op::f64_const:
      push(ConstantFP::get(m_.context(), APFloat(APFloat::IEEEdouble(), APInt(64, load_le<u64>(at)))));
      return true;
    default: return false;
  }
}

}  // namespace pipit::aot
