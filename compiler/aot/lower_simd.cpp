// 128-bit SIMD (Wasm 2.0 §4.3, relaxed SIMD of 3.0 with the deterministic choices of wasm/simd_semantics.h).
// Operations are LLVM's own on vectors, which code generation turns into single instructions; where none
// exists that LLVM could match, the target's intrinsic is named.
#include "compiler/aot/lower_simd.h"

#include <llvm/IR/IntrinsicsX86.h>

#include "base/endian.h"
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
namespace native = wasm::native;

FixedVectorType* vector_type(Builder& b, Lanes lanes) {
  switch (lanes) {
    case Lanes::i8: return FixedVectorType::get(b.getInt8Ty(), 16);
    case Lanes::i16: return FixedVectorType::get(b.getInt16Ty(), 8);
    case Lanes::i32: return FixedVectorType::get(b.getInt32Ty(), 4);
    case Lanes::i64: return FixedVectorType::get(b.getInt64Ty(), 2);
    case Lanes::f32: return FixedVectorType::get(b.getFloatTy(), 4);
    default: return FixedVectorType::get(b.getDoubleTy(), 2);
  }
}

namespace {

Lanes half_of(Lanes lanes) { return static_cast<Lanes>(static_cast<u8>(lanes) - 1); }
Lanes double_of(Lanes lanes) { return static_cast<Lanes>(static_cast<u8>(lanes) + 1); }

bool is_between(Vector what, Vector first, Vector last) { return what >= first && what <= last; }
u32 count_from(Vector what, Vector first) { return static_cast<u32>(what) - static_cast<u32>(first); }

constexpr CmpInst::Predicate kIntegerPredicates[] = {
    CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,  CmpInst::ICMP_SLT, CmpInst::ICMP_ULT, CmpInst::ICMP_SGT,
    CmpInst::ICMP_UGT, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE, CmpInst::ICMP_SGE, CmpInst::ICMP_UGE,
};
constexpr CmpInst::Predicate kFloatPredicates[] = {CmpInst::FCMP_OEQ, CmpInst::FCMP_UNE, CmpInst::FCMP_OLT,
                                                   CmpInst::FCMP_OGT, CmpInst::FCMP_OLE, CmpInst::FCMP_OGE};

/// `count` lanes of `value` (or of `value` and `other`) from `first` on, `step` apart.
Value* pick(Builder& b, Value* value, int first, int step, int count, Value* other = nullptr) {
  std::vector<int> mask;
  for (int i = 0; i < count; ++i) mask.push_back(first + i * step);
  return other == nullptr ? b.CreateShuffleVector(value, mask) : b.CreateShuffleVector(value, other, mask);
}

Value* extend(Builder& b, Value* value, llvm::Type* to, bool is_signed) {
  return is_signed ? b.CreateSExt(value, to) : b.CreateZExt(value, to);
}

/// A vector of bits as a number, lane 0 lowest.
Value* bits_of(Builder& b, Value* lanes) {
  const u32 count = cast<FixedVectorType>(lanes->getType())->getNumElements();
  return b.CreateBitCast(lanes, b.getIntNTy(count));
}

/// Products of neighbours, added: i16 lanes to i32 lanes.
Value* add_products(Builder& b, Value* x, Value* y, FixedVectorType* to, bool x_signed, bool y_signed) {
  const int count = static_cast<int>(to->getNumElements());
  const auto product = [&](int first) {
    return b.CreateMul(extend(b, pick(b, x, first, 2, count), to, x_signed),
                       extend(b, pick(b, y, first, 2, count), to, y_signed));
  };
  return b.CreateAdd(product(0), product(1));
}

Value* average(Builder& b, Value* x, Value* y) {
  auto* type = cast<VectorType>(x->getType());
  llvm::Type* wide = VectorType::getExtendedElementVectorType(type);
  Value* sum =
      b.CreateAdd(b.CreateAdd(b.CreateZExt(x, wide), b.CreateZExt(y, wide)), ConstantInt::get(wide, 1));
  return b.CreateTrunc(b.CreateLShr(sum, ConstantInt::get(wide, 1)), type);
}

Value* narrow(Builder& b, Value* x, Value* y, FixedVectorType* to, bool is_signed) {
  Value* all = pick(b, x, 0, 1, static_cast<int>(to->getNumElements()), y);
  const u32 bits = to->getScalarSizeInBits(), wide = bits * 2;
  const APInt low = is_signed ? APInt::getSignedMinValue(bits).sext(wide) : APInt(wide, 0);
  const APInt high =
      is_signed ? APInt::getSignedMaxValue(bits).sext(wide) : APInt::getMaxValue(bits).zext(wide);
  all = b.CreateBinaryIntrinsic(Intrinsic::smax, all, ConstantInt::get(all->getType(), low));
  all = b.CreateBinaryIntrinsic(Intrinsic::smin, all, ConstantInt::get(all->getType(), high));
  return b.CreateTrunc(all, to);
}

}  // namespace

Value* FunctionLowering::pop_vector(Lanes lanes) { return b_.CreateBitCast(pop(), vector_type(b_, lanes)); }
void FunctionLowering::push_vector(Value* value) { push(b_.CreateBitCast(value, m_.type(wasm::kV128))); }

/// Moves between lanes and scalars.
bool FunctionLowering::simd_lane(const wasm::Instruction& in, Vector what, Lanes lanes) {
  FixedVectorType* type = vector_type(b_, lanes);
  llvm::Type* lane = type->getElementType();
  const auto to_lane = [&](Value* scalar) {
    return lane->isIntegerTy() ? b_.CreateTrunc(scalar, lane) : scalar;
  };
  switch (what) {
    case Vector::splat:
      push_vector(b_.CreateVectorSplat(type->getNumElements(), to_lane(pop())));
      return true;
    case Vector::extract_s:
    case Vector::extract_u: {
      Value* value = b_.CreateExtractElement(pop_vector(lanes), u64{in.lane});
      if (lane->isIntegerTy() && lane->getIntegerBitWidth() < 32)
        value = extend(b_, value, b_.getInt32Ty(), what == Vector::extract_s);
      push(value);
      return true;
    }
    case Vector::replace: {
      Value* scalar = pop();
      push_vector(b_.CreateInsertElement(pop_vector(lanes), to_lane(scalar), u64{in.lane}));
      return true;
    }
    default: return false;
  }
}

bool FunctionLowering::simd_integer(Vector what, Lanes lanes) {
  FixedVectorType* type = vector_type(b_, lanes);
  const auto wide = [&](Value* value, Vector first) {  // low or high half of the narrow lanes, extended
    const u32 which = count_from(what, first);
    const int count = static_cast<int>(type->getNumElements());
    return extend(b_, pick(b_, value, which % 2 == 0 ? 0 : count, 1, count), type, which < 2);
  };
  switch (what) {
    case Vector::neg: push_vector(b_.CreateNeg(pop_vector(lanes))); return true;
    case Vector::abs:
      push_vector(b_.CreateBinaryIntrinsic(Intrinsic::abs, pop_vector(lanes), b_.getFalse()));
      return true;
    case Vector::popcnt:
      push_vector(b_.CreateUnaryIntrinsic(Intrinsic::ctpop, pop_vector(lanes)));
      return true;
    case Vector::all_true: {
      Value* zero = b_.CreateICmpEQ(pop_vector(lanes), Constant::getNullValue(type));
      Value* bits = bits_of(b_, zero);
      push_bool(b_.CreateICmpEQ(bits, ConstantInt::get(bits->getType(), 0)));
      return true;
    }
    case Vector::bitmask:
      push(b_.CreateZExt(bits_of(b_, b_.CreateICmpSLT(pop_vector(lanes), Constant::getNullValue(type))),
                         b_.getInt32Ty()));
      return true;
    case Vector::shl:
    case Vector::shr_s:
    case Vector::shr_u: {
      Value* distance = b_.CreateAnd(pop(), type->getScalarSizeInBits() - 1);
      Value* by = b_.CreateVectorSplat(type->getNumElements(),
                                       b_.CreateZExtOrTrunc(distance, type->getElementType()));
      constexpr Instruction::BinaryOps kShifts[] = {Instruction::Shl, Instruction::AShr, Instruction::LShr};
      push_vector(b_.CreateBinOp(kShifts[count_from(what, Vector::shl)], pop_vector(lanes), by));
      return true;
    }
    case Vector::extend_low_s:
    case Vector::extend_high_s:
    case Vector::extend_low_u:
    case Vector::extend_high_u:
      push_vector(wide(pop_vector(half_of(lanes)), Vector::extend_low_s));
      return true;
    case Vector::extmul_low_s:
    case Vector::extmul_high_s:
    case Vector::extmul_low_u:
    case Vector::extmul_high_u: {
      Value* y = wide(pop_vector(half_of(lanes)), Vector::extmul_low_s);
      push_vector(b_.CreateMul(wide(pop_vector(half_of(lanes)), Vector::extmul_low_s), y));
      return true;
    }
    case Vector::extadd_s:
    case Vector::extadd_u: {
      Value* x = pop_vector(half_of(lanes));
      const int count = static_cast<int>(type->getNumElements());
      const bool is_signed = what == Vector::extadd_s;
      push_vector(b_.CreateAdd(extend(b_, pick(b_, x, 0, 2, count), type, is_signed),
                               extend(b_, pick(b_, x, 1, 2, count), type, is_signed)));
      return true;
    }
    case Vector::narrow_s:
    case Vector::narrow_u: {
      Value* y = pop_vector(double_of(lanes));
      Value* x = pop_vector(double_of(lanes));
      push_vector(narrow(b_, x, y, type, what == Vector::narrow_s));
      return true;
    }
    default: return false;
  }
}

bool FunctionLowering::simd_binary(Vector what, Lanes lanes) {
  if (!is_between(what, Vector::eq, Vector::fge) && !is_between(what, Vector::add, Vector::avgr_u))
    return false;
  FixedVectorType* type = vector_type(b_, lanes);
  Value* y = pop_vector(lanes);
  Value* x = pop_vector(lanes);
  if (is_between(what, Vector::eq, Vector::ge_u)) {
    push_vector(b_.CreateSExt(b_.CreateICmp(kIntegerPredicates[count_from(what, Vector::eq)], x, y), type));
  } else if (is_between(what, Vector::feq, Vector::fge)) {
    push_vector(b_.CreateSExt(b_.CreateFCmp(kFloatPredicates[count_from(what, Vector::feq)], x, y),
                              VectorType::getInteger(type)));
  } else if (what == Vector::add) {
    push_vector(b_.CreateAdd(x, y));
  } else if (what == Vector::sub) {
    push_vector(b_.CreateSub(x, y));
  } else if (what == Vector::mul) {
    push_vector(b_.CreateMul(x, y));
  } else if (what == Vector::avgr_u) {
    push_vector(average(b_, x, y));
  } else {
    constexpr Intrinsic::ID kIntrinsics[] = {Intrinsic::sadd_sat, Intrinsic::uadd_sat, Intrinsic::ssub_sat,
                                             Intrinsic::usub_sat, Intrinsic::smin,     Intrinsic::umin,
                                             Intrinsic::smax,     Intrinsic::umax};
    push_vector(b_.CreateBinaryIntrinsic(kIntrinsics[count_from(what, Vector::add_sat_s)], x, y));
  }
  return true;
}

bool FunctionLowering::simd_float(Vector what, Lanes lanes) {
  if (is_between(what, Vector::fabs, Vector::nearest)) {
    Value* x = pop_vector(lanes);
    constexpr Intrinsic::ID kIntrinsics[] = {Intrinsic::fabs,     Intrinsic::not_intrinsic, Intrinsic::sqrt,
                                             Intrinsic::ceil,     Intrinsic::floor,         Intrinsic::trunc,
                                             Intrinsic::roundeven};
    push_vector(what == Vector::fneg
                    ? b_.CreateFNeg(x)
                    : b_.CreateUnaryIntrinsic(kIntrinsics[count_from(what, Vector::fabs)], x));
    return true;
  }
  if (what == Vector::madd || what == Vector::nmadd) {
    Value* z = pop_vector(lanes);
    Value* y = pop_vector(lanes);
    Value* product = b_.CreateFMul(pop_vector(lanes), y);
    push_vector(what == Vector::madd ? b_.CreateFAdd(product, z) : b_.CreateFSub(z, product));
    return true;
  }
  if (what == Vector::laneselect) {  // bitwise, whatever the lanes
    Value* mask = pop();
    Value* y = pop();
    Value* x = pop();
    push(b_.CreateOr(b_.CreateAnd(x, mask), b_.CreateAnd(y, b_.CreateNot(mask))));
    return true;
  }
  if (!is_between(what, Vector::fadd, Vector::pmax)) return false;
  Value* y = pop_vector(lanes);
  Value* x = pop_vector(lanes);
  switch (what) {
    case Vector::fadd: push_vector(b_.CreateFAdd(x, y)); break;
    case Vector::fsub: push_vector(b_.CreateFSub(x, y)); break;
    case Vector::fmul: push_vector(b_.CreateFMul(x, y)); break;
    case Vector::fdiv: push_vector(b_.CreateFDiv(x, y)); break;
    case Vector::fmin:
    case Vector::fmax: push_vector(float_min_max(x, y, what == Vector::fmax)); break;
    case Vector::pmin: push_vector(b_.CreateSelect(b_.CreateFCmpOLT(y, x), y, x)); break;
    default: push_vector(b_.CreateSelect(b_.CreateFCmpOLT(x, y), y, x));
  }
  return true;
}

/// Lanes of `x` that `indices` name; 0 for an index beyond them.
Value* FunctionLowering::swizzle(Value* x, Value* indices) {
  if (m_.options().target.is_x86()) {
    // PSHUFB yields 0 where the index has its top bit: saturation gives it to all from 16 on.
    Value* with_zeros =
        b_.CreateBinaryIntrinsic(Intrinsic::uadd_sat, indices, ConstantInt::get(indices->getType(), 0x70));
    return b_.CreateIntrinsic(Intrinsic::x86_ssse3_pshuf_b_128, {x, with_zeros});
  }
  Value* result = Constant::getNullValue(x->getType());
  for (u64 i = 0; i < 16; ++i) {
    Value* index = b_.CreateExtractElement(indices, i);
    Value* lane = b_.CreateExtractElement(x, b_.CreateAnd(index, 15));
    Value* inside = b_.CreateICmpULT(index, b_.getInt8(16));
    result = b_.CreateInsertElement(result, b_.CreateSelect(inside, lane, b_.getInt8(0)), i);
  }
  return result;
}

/// Sums of four products of signed and unsigned bytes each, added to the lanes of `sum`.
Value* FunctionLowering::dot_add(Value* x, Value* y, Value* sum) {
  const Target& target = m_.options().target;
  if ((target.cpu_features & (native::kAvxVnni | native::kAvx512Vnni)) != 0)
    return b_.CreateIntrinsic(Intrinsic::x86_avx512_vpdpbusd_128, {sum, y, x});
  FixedVectorType *i16 = vector_type(b_, Lanes::i16), *i32 = vector_type(b_, Lanes::i32);
  const auto half = [&](int first) {  // PMADDWD
    Value* a = b_.CreateSExt(pick(b_, x, first, 1, 8), i16);
    Value* c = b_.CreateZExt(pick(b_, y, first, 1, 8), i16);
    return add_products(b_, a, c, i32, true, true);
  };
  Value *low = half(0), *high = half(8);
  Value* pairs = b_.CreateAdd(pick(b_, low, 0, 2, 4, high), pick(b_, low, 1, 2, 4, high));
  return b_.CreateAdd(sum, pairs);
}

bool FunctionLowering::simd_special(const wasm::Instruction& in) {
  const auto pop_two = [&](Lanes lanes) {
    Value* y = pop_vector(lanes);
    return std::pair(pop_vector(lanes), y);
  };
  FixedVectorType *i16 = vector_type(b_, Lanes::i16), *i32 = vector_type(b_, Lanes::i32);
  switch (static_cast<Op>(in.op)) {
    case Op::v128_const: {
      const u8* at = reader_.at() - 16;
      push(ConstantDataVector::get(m_.context(), ArrayRef<u64>{load_le<u64>(at), load_le<u64>(at + 8)}));
      return true;
    }
    case Op::i8x16_shuffle: {
      const u8* at = reader_.at() - 16;
      const auto [x, y] = pop_two(Lanes::i8);
      std::vector<int> mask(at, at + 16);
      push_vector(b_.CreateShuffleVector(x, y, mask));
      return true;
    }
    case Op::i8x16_swizzle:
    case Op::i8x16_relaxed_swizzle: {
      const auto [x, y] = pop_two(Lanes::i8);
      push_vector(swizzle(x, y));
      return true;
    }
    case Op::v128_not: push(b_.CreateNot(pop())); return true;
    case Op::v128_any_true:
      push_bool(
          b_.CreateICmpNE(b_.CreateBitCast(pop(), b_.getInt128Ty()), ConstantInt::get(b_.getInt128Ty(), 0)));
      return true;
    case Op::v128_and:
    case Op::v128_andnot:
    case Op::v128_or:
    case Op::v128_xor: {
      const auto [x, y] = pop_two(Lanes::i64);
      const Op op = static_cast<Op>(in.op);
      push(op == Op::v128_and      ? b_.CreateAnd(x, y)
           : op == Op::v128_andnot ? b_.CreateAnd(x, b_.CreateNot(y))
           : op == Op::v128_or     ? b_.CreateOr(x, y)
                                   : b_.CreateXor(x, y));
      return true;
    }
    case Op::i32x4_dot_i16x8_s: {
      const auto [x, y] = pop_two(Lanes::i16);
      push_vector(add_products(b_, x, y, i32, true, true));
      return true;
    }
    case Op::i16x8_q15mulr_sat_s:
    case Op::i16x8_relaxed_q15mulr_s: {
      const auto [x, y] = pop_two(Lanes::i16);
      llvm::Type* wide = VectorType::getExtendedElementVectorType(i16);
      Value* product = b_.CreateMul(b_.CreateSExt(x, wide), b_.CreateSExt(y, wide));
      Value* rounded =
          b_.CreateAShr(b_.CreateAdd(product, ConstantInt::get(wide, 0x4000)), ConstantInt::get(wide, 15));
      push_vector(b_.CreateTrunc(
          b_.CreateBinaryIntrinsic(Intrinsic::smin, rounded, ConstantInt::get(wide, 0x7FFF)), i16));
      return true;
    }
    case Op::i16x8_relaxed_dot_i8x16_i7x16_s: {
      const auto [x, y] = pop_two(Lanes::i8);
      if (m_.options().target.is_x86()) {
        push_vector(b_.CreateIntrinsic(Intrinsic::x86_ssse3_pmadd_ub_sw_128, {y, x}));
        return true;
      }
      const auto product = [&](int first) {
        return b_.CreateMul(b_.CreateSExt(pick(b_, x, first, 2, 8), i16),
                            b_.CreateZExt(pick(b_, y, first, 2, 8), i16));
      };
      push_vector(b_.CreateBinaryIntrinsic(Intrinsic::sadd_sat, product(0), product(1)));
      return true;
    }
    case Op::i32x4_relaxed_dot_i8x16_i7x16_add_s: {
      Value* sum = pop_vector(Lanes::i32);
      const auto [x, y] = pop_two(Lanes::i8);
      push_vector(dot_add(x, y, sum));
      return true;
    }
    default: return false;
  }
}

bool FunctionLowering::simd_conversion(const wasm::Instruction& in) {
  FixedVectorType *i32 = vector_type(b_, Lanes::i32), *f32 = vector_type(b_, Lanes::f32),
                  *f64 = vector_type(b_, Lanes::f64);
  FixedVectorType *two_i32 = FixedVectorType::get(b_.getInt32Ty(), 2),
                  *two_f32 = FixedVectorType::get(b_.getFloatTy(), 2);
  const auto with_zeros = [&](Value* two) {
    return pick(b_, two, 0, 1, 4, Constant::getNullValue(two->getType()));
  };
  const auto saturate = [&](Lanes lanes, FixedVectorType* to, bool is_signed) {
    Value* x = pop_vector(lanes);
    return b_.CreateIntrinsic(is_signed ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat, {to, x->getType()},
                              {x});
  };
  switch (static_cast<Op>(in.op)) {
    case Op::i32x4_trunc_sat_f32x4_s:
    case Op::i32x4_relaxed_trunc_f32x4_s: push_vector(saturate(Lanes::f32, i32, true)); return true;
    case Op::i32x4_trunc_sat_f32x4_u:
    case Op::i32x4_relaxed_trunc_f32x4_u: push_vector(saturate(Lanes::f32, i32, false)); return true;
    case Op::i32x4_trunc_sat_f64x2_s_zero:
    case Op::i32x4_relaxed_trunc_f64x2_s_zero:
      push_vector(with_zeros(saturate(Lanes::f64, two_i32, true)));
      return true;
    case Op::i32x4_trunc_sat_f64x2_u_zero:
    case Op::i32x4_relaxed_trunc_f64x2_u_zero:
      push_vector(with_zeros(saturate(Lanes::f64, two_i32, false)));
      return true;
    case Op::f32x4_convert_i32x4_s: push_vector(b_.CreateSIToFP(pop_vector(Lanes::i32), f32)); return true;
    case Op::f32x4_convert_i32x4_u: push_vector(b_.CreateUIToFP(pop_vector(Lanes::i32), f32)); return true;
    case Op::f64x2_convert_low_i32x4_s:
      push_vector(b_.CreateSIToFP(pick(b_, pop_vector(Lanes::i32), 0, 1, 2), f64));
      return true;
    case Op::f64x2_convert_low_i32x4_u:
      push_vector(b_.CreateUIToFP(pick(b_, pop_vector(Lanes::i32), 0, 1, 2), f64));
      return true;
    case Op::f64x2_promote_low_f32x4:
      push_vector(b_.CreateFPExt(pick(b_, pop_vector(Lanes::f32), 0, 1, 2), f64));
      return true;
    case Op::f32x4_demote_f64x2_zero:
      push_vector(with_zeros(b_.CreateFPTrunc(pop_vector(Lanes::f64), two_f32)));
      return true;
    default: return false;
  }
}

bool FunctionLowering::simd_memory(const wasm::Instruction& in) {
  const u32 op = in.op;
  const auto within = [&](Op first, u32 count) { return op - static_cast<u32>(first) < count; };
  const auto load_as = [&](llvm::Type* type) {
    Value* at = address(in, static_cast<u32>(type->getPrimitiveSizeInBits()) / 8);
    return m_.tag(b_.CreateAlignedLoad(type, at, Align(1)), ModuleLowering::Kind::memory);
  };
  const auto store_as = [&](Value* value) {
    Value* at = address(in, static_cast<u32>(value->getType()->getPrimitiveSizeInBits()) / 8);
    m_.tag(b_.CreateAlignedStore(value, at, Align(1)), ModuleLowering::Kind::memory);
  };
  if (op == static_cast<u32>(Op::v128_load)) {
    push(load_as(m_.type(wasm::kV128)));
  } else if (op == static_cast<u32>(Op::v128_store)) {
    store_as(pop());
  } else if (within(Op::v128_load8x8_s, 6)) {  // 8x8, 16x4, 32x2; signed, unsigned
    const u32 which = op - static_cast<u32>(Op::v128_load8x8_s);
    FixedVectorType* to = vector_type(b_, static_cast<Lanes>(which / 2 + 1));
    auto* from = FixedVectorType::get(b_.getIntNTy(to->getScalarSizeInBits() / 2), to->getNumElements());
    push_vector(extend(b_, load_as(from), to, which % 2 == 0));
  } else if (within(Op::v128_load8_splat, 4)) {
    FixedVectorType* to = vector_type(b_, static_cast<Lanes>(op - static_cast<u32>(Op::v128_load8_splat)));
    push_vector(b_.CreateVectorSplat(to->getNumElements(), load_as(to->getElementType())));
  } else if (within(Op::v128_load32_zero, 2)) {
    FixedVectorType* to =
        vector_type(b_, op == static_cast<u32>(Op::v128_load32_zero) ? Lanes::i32 : Lanes::i64);
    push_vector(b_.CreateInsertElement(Constant::getNullValue(to), load_as(to->getElementType()), u64{0}));
  } else if (within(Op::v128_load8_lane, 4)) {
    const Lanes lanes = static_cast<Lanes>(op - static_cast<u32>(Op::v128_load8_lane));
    Value* vector = pop_vector(lanes);
    push_vector(
        b_.CreateInsertElement(vector, load_as(vector_type(b_, lanes)->getElementType()), u64{in.lane}));
  } else if (within(Op::v128_store8_lane, 4)) {
    const Lanes lanes = static_cast<Lanes>(op - static_cast<u32>(Op::v128_store8_lane));
    store_as(b_.CreateExtractElement(pop_vector(lanes), u64{in.lane}));
  } else {
    return false;
  }
  return true;
}

void FunctionLowering::simd(const wasm::Instruction& in) {
  const auto [what, lanes] = vector_row(in.op);
  const bool no_vectors = m_.options().target.lacks(kNoVectors);
  const bool done =
      (no_vectors && (what != Vector::none ? simd_float_lanes(what, lanes) : simd_conversion_lanes(in))) ||
      (what != Vector::none ? simd_lane(in, what, lanes) || simd_integer(what, lanes) ||
                                  simd_binary(what, lanes) || simd_float(what, lanes)
                            : simd_memory(in) || simd_special(in) || simd_conversion(in));
  if (!done) llvm_unreachable("validated code contains only known instructions");
}

}  // namespace pipit::aot
