// Tables and references (Wasm 2.0 §4.4.2, §4.4.6).
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
using wasm::TrapKind;
namespace native = wasm::native;
using native::Helper;
using native::Word;

Value* FunctionLowering::table_pointer(u32 index) {
  Value* tables = m_.constant_word(b_, context_, Word::tables);
  return m_.invariant(b_.CreateAlignedLoad(
      m_.pointer_type(), m_.offset(b_, tables, u64{index} * m_.pointer_bytes()), Align(m_.pointer_bytes())));
}

Value* FunctionLowering::table_size(Value* table) {
  return m_.tag(b_.CreateAlignedLoad(b_.getInt32Ty(), m_.offset(b_, table, m_.pointer_bytes()), Align(4)),
                ModuleLowering::Kind::table);
}

Value* FunctionLowering::table_element(Value* table, Value* index) {
  Value* elements = m_.invariant(b_.CreateAlignedLoad(m_.pointer_type(), table, Align(m_.pointer_bytes())));
  return b_.CreateInBoundsGEP(b_.getInt32Ty(), elements, b_.CreateZExt(index, m_.word_type()));
}

bool FunctionLowering::table(const wasm::Instruction& in) {
  const auto number = [&](u32 value) { return b_.getInt32(value); };
  switch (static_cast<Op>(in.op)) {
    case Op::table_get:
    case Op::table_set: {
      const bool is_set = in.op == static_cast<u32>(Op::table_set);
      Value* value = is_set ? pop() : nullptr;
      Value* index = pop();
      Value* table = table_pointer(in.a);
      trap_if(b_.CreateICmpUGE(index, table_size(table)), TrapKind::out_of_bounds_table_access);
      Value* at = table_element(table, index);
      if (is_set)
        m_.tag(b_.CreateAlignedStore(value, at, Align(4)), ModuleLowering::Kind::table);
      else
        push(m_.tag(b_.CreateAlignedLoad(b_.getInt32Ty(), at, Align(4)), ModuleLowering::Kind::table));
      return true;
    }
    case Op::table_size: push(table_size(table_pointer(in.a))); return true;
    case Op::table_grow: {
      Value* count = pop();
      Value* value = pop();
      push(helper(Helper::table_grow, {number(in.a), value, count}));
      return true;
    }
    case Op::table_fill: {
      Value* count = pop();
      Value* value = pop();
      Value* to = pop();
      helper(Helper::table_fill, {number(in.a), to, value, count, where()});
      return true;
    }
    case Op::table_init:
    case Op::table_copy: {
      Value* count = pop();
      Value* from = pop();
      Value* to = pop();
      helper(in.op == static_cast<u32>(Op::table_init) ? Helper::table_init : Helper::table_copy,
             {number(in.a), number(in.b), to, from, count, where()});
      return true;
    }
    case Op::elem_drop: helper(Helper::elem_drop, {number(in.a)}); return true;
    case Op::ref_null: push(number(0)); return true;
    case Op::ref_is_null: push_bool(b_.CreateICmpEQ(pop(), number(0))); return true;
    case Op::ref_func: {
      Value* base = b_.CreateTrunc(m_.constant_word(b_, context_, Word::ref_base), b_.getInt32Ty());
      push(b_.CreateAdd(base, number(in.a + 1)));
      return true;
    }
    default: return false;
  }
}

}  // namespace pipit::aot
