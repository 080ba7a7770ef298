// Conversions between numbers (Wasm 2.0 §4.3.2-4.3.4).
#include <array>

#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
using wasm::TrapKind;
namespace native = wasm::native;
using native::Helper;

namespace {

/// Floats that truncate into range lie between these. `low_open`: the lower bound itself does not.
struct Range {
  double low, high;
  bool low_open;
};

Range range_of(bool is_wide, bool is_signed, bool from_double) {
  if (!is_signed) return {-1.0, is_wide ? 0x1p64 : 0x1p32, true};
  if (is_wide) return {-0x1p63, 0x1p63, false};
  // -2^31 - 1 is a double, but no float.
  return from_double ? Range{-0x1p31 - 1, 0x1p31, true} : Range{-0x1p31, 0x1p31, false};
}

}  // namespace

void FunctionLowering::truncate(llvm::Type* to, bool is_signed, bool saturates) {
  Value* value = pop();
  llvm::Type* from = value->getType();
  const bool is_wide = to->isIntegerTy(64), is_double = from->isDoubleTy();
  if (!saturates) {
    const Range range = range_of(is_wide, is_signed, is_double);
    Value* above = float_compare(range.low_open ? CmpInst::FCMP_OGT : CmpInst::FCMP_OGE, value,
                                 ConstantFP::get(from, range.low));
    Value* below = float_compare(CmpInst::FCMP_OLT, value, ConstantFP::get(from, range.high));
    BasicBlock* fits = new_block();
    BasicBlock* bad = new_block();
    BasicBlock* overflow = new_block();
    b_.CreateCondBr(b_.CreateAnd(above, below), fits, bad,
                    MDBuilder(m_.context()).createLikelyBranchWeights());
    b_.SetInsertPoint(bad);
    add_trap_edge(bad, native::make_where(at_, TrapKind::invalid_conversion_to_integer));
    b_.CreateCondBr(float_compare(CmpInst::FCMP_UNO, value, value), trap_block_, overflow);
    b_.SetInsertPoint(overflow);
    add_trap_edge(overflow, native::make_where(at_, TrapKind::integer_overflow));
    b_.CreateBr(trap_block_);
    b_.SetInsertPoint(fits);
  }
  push(to_integer(value, to, is_signed, saturates));
}

/// A float that is known to fit, or what saturates; NaN is 0 then.
Value* FunctionLowering::to_integer(Value* value, llvm::Type* to, bool is_signed, bool saturates) {
  llvm::Type* from = value->getType();
  const bool is_wide = to->isIntegerTy(64), is_double = from->isDoubleTy();
  const Target& target = m_.options().target;
  if (target.lacks(is_double ? kNoF64 : kNoF32) || (is_wide && !target.is_64_bit())) {
    const u32 number = static_cast<u32>(Helper::i32_from_f32) + (is_wide ? 4 : 0) + (is_double ? 2 : 0) +
                       (is_signed ? 0 : 1);
    return helper(static_cast<Helper>(number), {value});
  }
  if (saturates)
    return b_.CreateIntrinsic(is_signed ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat, {to, from}, {value});
  return is_signed ? b_.CreateFPToSI(value, to) : b_.CreateFPToUI(value, to);
}

Value* FunctionLowering::to_float(Value* value, llvm::Type* to, bool is_signed) {
  const bool is_wide = value->getType()->isIntegerTy(64), is_double = to->isDoubleTy();
  const Target& target = m_.options().target;
  if (target.lacks(is_double ? kNoF64 : kNoF32) || (is_wide && !target.is_64_bit())) {
    const u32 number = static_cast<u32>(Helper::f32_from_i32) + (is_double ? 4 : 0) + (is_wide ? 2 : 0) +
                       (is_signed ? 0 : 1);
    return helper(static_cast<Helper>(number), {value});
  }
  return is_signed ? b_.CreateSIToFP(value, to) : b_.CreateUIToFP(value, to);
}

Value* FunctionLowering::promote(Value* value) {
  return m_.options().target.lacks(kNoF64) ? helper(Helper::f64_promote, {value})
                                           : b_.CreateFPExt(value, b_.getDoubleTy());
}

Value* FunctionLowering::demote(Value* value) {
  // There and back would fold to nothing, and leave a signalling NaN as it is.
  if (isa<FPExtInst>(value)) value = opaque(value);
  return m_.options().target.lacks(kNoF64) ? helper(Helper::f32_demote, {value})
                                           : b_.CreateFPTrunc(value, b_.getFloatTy());
}

bool FunctionLowering::conversion(const wasm::Instruction& in) {
  llvm::Type *i32 = b_.getInt32Ty(), *i64 = b_.getInt64Ty(), *f32 = b_.getFloatTy(), *f64 = b_.getDoubleTy();
  const Op op = static_cast<Op>(in.op);
  const auto extend = [&](u32 bits) {
    Value* value = pop();
    push(b_.CreateSExt(b_.CreateTrunc(value, b_.getIntNTy(bits)), value->getType()));
  };
  switch (op) {
    case Op::i32_wrap_i64: push(b_.CreateTrunc(pop(), i32)); return true;
    case Op::i64_extend_i32_s: push(b_.CreateSExt(pop(), i64)); return true;
    case Op::i64_extend_i32_u: push(b_.CreateZExt(pop(), i64)); return true;
    case Op::i32_extend8_s:
    case Op::i64_extend8_s: extend(8); return true;
    case Op::i32_extend16_s:
    case Op::i64_extend16_s: extend(16); return true;
    case Op::i64_extend32_s: extend(32); return true;
    case Op::i32_reinterpret_f32: push(b_.CreateBitCast(pop(), i32)); return true;
    case Op::i64_reinterpret_f64: push(b_.CreateBitCast(pop(), i64)); return true;
    case Op::f32_reinterpret_i32: push(b_.CreateBitCast(pop(), f32)); return true;
    case Op::f64_reinterpret_i64: push(b_.CreateBitCast(pop(), f64)); return true;
    case Op::f32_convert_i32_s:
    case Op::f32_convert_i64_s: push(to_float(pop(), f32, true)); return true;
    case Op::f32_convert_i32_u:
    case Op::f32_convert_i64_u: push(to_float(pop(), f32, false)); return true;
    case Op::f64_convert_i32_s:
    case Op::f64_convert_i64_s: push(to_float(pop(), f64, true)); return true;
    case Op::f64_convert_i32_u:
    case Op::f64_convert_i64_u: push(to_float(pop(), f64, false)); return true;
    case Op::f64_promote_f32: push(promote(pop())); return true;
    case Op::f32_demote_f64: push(demote(pop())); return true;
    default: break;
  }
  // Truncations come in the order i32 before i64, f32 before f64, signed before unsigned.
  struct Group {
    Op first;
    bool is_wide, saturates;
  };
  constexpr Group kGroups[] = {{Op::i32_trunc_f32_s, false, false},
                               {Op::i64_trunc_f32_s, true, false},
                               {Op::i32_trunc_sat_f32_s, false, true},
                               {Op::i64_trunc_sat_f32_s, true, true}};
  for (const Group& group : kGroups) {
    const u32 which = in.op - static_cast<u32>(group.first);
    if (which >= 4) continue;
    truncate(group.is_wide ? i64 : i32, which % 2 == 0, group.saturates);
    return true;
  }
  return false;
}

}  // namespace pipit::aot
