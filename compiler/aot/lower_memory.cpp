// Loads, stores and what else works on linear memory (Wasm 2.0 §4.4.7).
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
using wasm::TrapKind;
namespace native = wasm::native;
using native::Helper;
using native::Word;

/// Traps unless the `reach` bytes from `index` on lie in memory: as one comparison with a limit that loops
/// hoist.
void FunctionLowering::check_bounds(Value* index, u64 reach) {
  llvm::Type* word = m_.word_type();
  const u32 pointer_bytes = m_.pointer_bytes();
  if (pointer_bytes == 4 && reach > 0xFFFF'FFFFu)
    return trap_if(b_.getTrue(), TrapKind::out_of_bounds_memory_access);
  Value* bytes;
  if (m_.options().memory_limit != 0) {
    bytes = ConstantInt::get(word, m_.options().memory_limit);
  } else {
    Value* memory = m_.constant_word(b_, context_, Word::memory_inst);
    bytes = m_.tag(b_.CreateAlignedLoad(word, m_.offset(b_, memory, pointer_bytes), Align(pointer_bytes)),
                   ModuleLowering::Kind::word);
  }
  Value* limit = b_.CreateBinaryIntrinsic(Intrinsic::usub_sat, bytes, ConstantInt::get(word, reach - 1));
  trap_if(b_.CreateICmpUGE(b_.CreateZExt(index, word), limit), TrapKind::out_of_bounds_memory_access);
}

Value* FunctionLowering::address(const wasm::Instruction& in, u32 size) {
  Value* index = pop();
  if (m_.options().target.checks == Checks::software) check_bounds(index, u64{in.b} + size);
  Value* at = b_.CreateGEP(b_.getInt8Ty(), memory_base_, b_.CreateZExt(index, m_.word_type()), "",
                           GEPNoWrapFlags::inBounds() | GEPNoWrapFlags::noUnsignedWrap());
  return in.b == 0 ? at
                   : b_.CreateGEP(b_.getInt8Ty(), at, ConstantInt::get(m_.word_type(), in.b), "",
                                  GEPNoWrapFlags::inBounds() | GEPNoWrapFlags::noUnsignedWrap());
}

void FunctionLowering::load(const wasm::Instruction& in, llvm::Type* stored, llvm::Type* loaded,
                            bool is_signed) {
  Value* at = address(in, static_cast<u32>(stored->getPrimitiveSizeInBits()) / 8);
  Value* value = m_.tag(b_.CreateAlignedLoad(stored, at, Align(1)), ModuleLowering::Kind::memory);
  if (stored != loaded) value = is_signed ? b_.CreateSExt(value, loaded) : b_.CreateZExt(value, loaded);
  push(value);
}

void FunctionLowering::store(const wasm::Instruction& in, llvm::Type* stored) {
  Value* value = pop();
  Value* at = address(in, static_cast<u32>(stored->getPrimitiveSizeInBits()) / 8);
  if (value->getType() != stored) value = b_.CreateTrunc(value, stored);
  m_.tag(b_.CreateAlignedStore(value, at, Align(1)), ModuleLowering::Kind::memory);
}

bool FunctionLowering::memory(const wasm::Instruction& in) {
  llvm::Type *i8 = b_.getInt8Ty(), *i16 = b_.getInt16Ty(), *i32 = b_.getInt32Ty(), *i64 = b_.getInt64Ty();
  llvm::Type *f32 = b_.getFloatTy(), *f64 = b_.getDoubleTy();
  switch (static_cast<Op>(in.op)) {
    case Op::i32_load: load(in, i32, i32, false); return true;
    case Op::i64_load: load(in, i64, i64, false); return true;
    case Op::f32_load: load(in, f32, f32, false); return true;
    case Op::f64_load: load(in, f64, f64, false); return true;
    case Op::i32_load8_s: load(in, i8, i32, true); return true;
    case Op::i32_load8_u: load(in, i8, i32, false); return true;
    case Op::i32_load16_s: load(in, i16, i32, true); return true;
    case Op::i32_load16_u: load(in, i16, i32, false); return true;
    case Op::i64_load8_s: load(in, i8, i64, true); return true;
    case Op::i64_load8_u: load(in, i8, i64, false); return true;
    case Op::i64_load16_s: load(in, i16, i64, true); return true;
    case Op::i64_load16_u: load(in, i16, i64, false); return true;
    case Op::i64_load32_s: load(in, i32, i64, true); return true;
    case Op::i64_load32_u: load(in, i32, i64, false); return true;
    case Op::i32_store: store(in, i32); return true;
    case Op::i64_store: store(in, i64); return true;
    case Op::f32_store: store(in, f32); return true;
    case Op::f64_store: store(in, f64); return true;
    case Op::i32_store8:
    case Op::i64_store8: store(in, i8); return true;
    case Op::i32_store16:
    case Op::i64_store16: store(in, i16); return true;
    case Op::i64_store32: store(in, i32); return true;
    default: return false;
  }
}

bool FunctionLowering::bulk(const wasm::Instruction& in) {
  switch (static_cast<Op>(in.op)) {
    case Op::memory_size: {
      Value* inst = m_.constant_word(b_, context_, Word::memory_inst);
      push(m_.tag(b_.CreateAlignedLoad(b_.getInt32Ty(),
                                       m_.offset(b_, inst, native::memory_pages_offset(m_.pointer_bytes())),
                                       Align(4)),
                  ModuleLowering::Kind::word));
      return true;
    }
    case Op::memory_grow: push(helper(Helper::memory_grow, {pop()})); return true;
    case Op::data_drop: helper(Helper::data_drop, {b_.getInt32(in.a)}); return true;
    case Op::memory_init:
    case Op::memory_copy:
    case Op::memory_fill: {
      Value* count = pop();
      Value* from = pop();
      Value* to = pop();
      if (in.op == static_cast<u32>(Op::memory_init))
        helper(Helper::memory_init, {b_.getInt32(in.a), to, from, count, where()});
      else
        helper(in.op == static_cast<u32>(Op::memory_copy) ? Helper::memory_copy : Helper::memory_fill,
               {to, from, count, where()});
      return true;
    }
    default: return false;
  }
}

}  // namespace pipit::aot
