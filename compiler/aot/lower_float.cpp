// Floating-point arithmetic and comparison (Wasm 2.0 §4.3.3). f32 and f64 have the same instructions in the
// same order.
#include <llvm/IR/InlineAsm.h>

#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
namespace native = wasm::native;

namespace {

u32 count_from(Float which, Float first) { return static_cast<u32>(which) - static_cast<u32>(first); }

constexpr CmpInst::Predicate kComparisons[] = {CmpInst::FCMP_OEQ, CmpInst::FCMP_UNE, CmpInst::FCMP_OLT,
                                               CmpInst::FCMP_OGT, CmpInst::FCMP_OLE, CmpInst::FCMP_OGE};

/// The helper for an f32 or f64 operation, given the f32 one: both have them in the same order.
native::Helper for_type(native::Helper f32_helper, bool is_double) {
  const u32 step = static_cast<u32>(native::Helper::f64_add) - static_cast<u32>(native::Helper::f32_add);
  return static_cast<native::Helper>(static_cast<u32>(f32_helper) + (is_double ? step : 0));
}

}  // namespace

/// A constant the optimiser cannot see. Without it, x * 1 would become x, and with it a signalling NaN stay
/// one.
Value* FunctionLowering::opaque(Value* value) {
  llvm::Type* bits = b_.getIntNTy(value->getType()->getPrimitiveSizeInBits());
  InlineAsm* barrier = InlineAsm::get(FunctionType::get(bits, {bits}, false), "", "=r,0", false);
  return b_.CreateBitCast(b_.CreateCall(barrier, {b_.CreateBitCast(value, bits)}), value->getType());
}

/// Hides a constant operand for which the operation is the identity or a change of sign.
Value* FunctionLowering::no_identity(Value* operand, bool is_product) {
  const auto* constant = dyn_cast<ConstantFP>(operand);
  if (constant == nullptr) return operand;
  const bool matters =
      is_product ? constant->isExactlyValue(1.0) || constant->isExactlyValue(-1.0) : constant->isZero();
  return matters ? opaque(operand) : operand;
}

Value* FunctionLowering::float_arithmetic(Float which, Value* x, Value* y) {
  const bool is_double = x->getType()->isDoubleTy();
  if (m_.options().target.lacks(is_double ? kNoF64 : kNoF32)) {
    const u32 number = static_cast<u32>(native::Helper::f32_add) + count_from(which, Float::add);
    return helper(for_type(static_cast<native::Helper>(number), is_double), {x, y});
  }
  x = no_identity(x, which >= Float::mul);
  y = no_identity(y, which >= Float::mul);
  switch (which) {
    case Float::add: return b_.CreateFAdd(x, y);
    case Float::sub: return b_.CreateFSub(x, y);
    case Float::mul: return b_.CreateFMul(x, y);
    default: return b_.CreateFDiv(x, y);
  }
}

Value* FunctionLowering::float_compare(CmpInst::Predicate predicate, Value* x, Value* y) {
  const bool is_double = x->getType()->isDoubleTy();
  if (!m_.options().target.lacks(is_double ? kNoF64 : kNoF32)) return b_.CreateFCmp(predicate, x, y);
  Value* order = helper(for_type(native::Helper::f32_compare, is_double), {x, y});
  switch (predicate) {
    case CmpInst::FCMP_OEQ: return b_.CreateICmpEQ(order, b_.getInt32(0));
    case CmpInst::FCMP_UNE: return b_.CreateICmpNE(order, b_.getInt32(0));
    case CmpInst::FCMP_OLT: return b_.CreateICmpSLT(order, b_.getInt32(0));
    case CmpInst::FCMP_OGT: return b_.CreateICmpEQ(order, b_.getInt32(1));
    case CmpInst::FCMP_OLE: return b_.CreateICmpSLE(order, b_.getInt32(0));
    case CmpInst::FCMP_OGE: return b_.CreateICmpULE(order, b_.getInt32(1));
    default: return b_.CreateICmpEQ(order, b_.getInt32(2));  // unordered
  }
}

/// Wasm's min and max: NaN if either is, and -0 below +0. Comparing both ways and merging the bits settles
/// equal zeros; a sum makes the NaN.
Value* FunctionLowering::float_min_max(Value* x, Value* y, bool is_max) {
  llvm::Type* type = x->getType();
  llvm::Type* bits = type->getWithNewType(b_.getIntNTy(type->getScalarSizeInBits()));
  const auto predicate = is_max ? CmpInst::FCMP_OGT : CmpInst::FCMP_OLT;
  const auto compare = [&](CmpInst::Predicate p, Value* a, Value* b) {
    return type->isVectorTy() ? b_.CreateFCmp(p, a, b) : float_compare(p, a, b);
  };
  Value* one = b_.CreateBitCast(b_.CreateSelect(compare(predicate, x, y), x, y), bits);
  Value* other = b_.CreateBitCast(b_.CreateSelect(compare(predicate, y, x), y, x), bits);
  Value* merged = is_max ? b_.CreateAnd(one, other) : b_.CreateOr(one, other);
  Value* sum = type->isVectorTy() ? b_.CreateFAdd(x, y) : float_arithmetic(Float::add, x, y);
  return b_.CreateSelect(compare(CmpInst::FCMP_UNO, x, y), sum, b_.CreateBitCast(merged, type));
}

bool FunctionLowering::floating(const wasm::Instruction& in) {
  const bool is_double =
      (in.op >= static_cast<u32>(Op::f64_eq) && in.op <= static_cast<u32>(Op::f64_ge)) ||
      (in.op >= static_cast<u32>(Op::f64_abs) && in.op <= static_cast<u32>(Op::f64_copysign));
  const u32 comparison = in.op - static_cast<u32>(is_double ? Op::f64_eq : Op::f32_eq);
  if (comparison < 6) {
    Value* y = pop();
    Value* x = pop();
    push_bool(float_compare(kComparisons[comparison], x, y));
    return true;
  }
  const u32 number = in.op - static_cast<u32>(is_double ? Op::f64_abs : Op::f32_abs);
  if (number > static_cast<u32>(Float::copysign)) return false;
  const Float which = static_cast<Float>(number);
  Value* y = which >= Float::add ? pop() : nullptr;
  push(float_operation(which, pop(), y));
  return true;
}

/// `y` is null for those with one operand.
Value* FunctionLowering::float_operation(Float which, Value* x, Value* y) {
  if (which >= Float::ceil && which <= Float::sqrt) {
    const bool is_double = x->getType()->isDoubleTy();
    const Target& target = m_.options().target;
    const bool lacks = which == Float::sqrt ? target.lacks(is_double ? kNoF64 : kNoF32)
                                            : target.lacks(is_double ? kNoF64Rounding : kNoF32Rounding);
    constexpr native::Helper kHelpers[] = {native::Helper::f32_ceil, native::Helper::f32_floor,
                                           native::Helper::f32_trunc, native::Helper::f32_nearest,
                                           native::Helper::f32_sqrt};
    constexpr Intrinsic::ID kIntrinsics[] = {Intrinsic::ceil, Intrinsic::floor, Intrinsic::trunc,
                                             Intrinsic::roundeven, Intrinsic::sqrt};
    const u32 rounding = count_from(which, Float::ceil);
    return lacks ? helper(for_type(kHelpers[rounding], is_double), {x})
                 : b_.CreateUnaryIntrinsic(kIntrinsics[rounding], x);
  }
  switch (which) {
    case Float::abs: return b_.CreateUnaryIntrinsic(Intrinsic::fabs, x);
    case Float::neg: return b_.CreateFNeg(x);
    case Float::min:
    case Float::max: return float_min_max(x, y, which == Float::max);
    case Float::copysign: return b_.CreateBinaryIntrinsic(Intrinsic::copysign, x, y);
    default: return float_arithmetic(which, x, y);
  }
}

}  // namespace pipit::aot
