// Floating-point arithmetic and comparison (Wasm 2.0 §4.3.3). f32 and f64 have the same instructions in the
// same order.
#include <llvm/IR/InlineAsm.h>

#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
namespace native = wasm::native;

namespace {

enum Arithmetic : u32 {
  kAbs,
  kNeg,
  kCeil,
  kFloor,
  kTrunc,
  kNearest,
  kSqrt,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMin,
  kMax,
  kCopysign
};

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

Value* FunctionLowering::float_arithmetic(u32 which, Value* x, Value* y) {
  const bool is_double = x->getType()->isDoubleTy();
  if (m_.options().target.lacks(is_double ? kNoF64 : kNoF32)) {
    const u32 number = static_cast<u32>(native::Helper::f32_add) + (which - kAdd);
    return helper(for_type(static_cast<native::Helper>(number), is_double), {x, y});
  }
  x = no_identity(x, which >= kMul);
  y = no_identity(y, which >= kMul);
  switch (which) {
    case kAdd: return b_.CreateFAdd(x, y);
    case kSub: return b_.CreateFSub(x, y);
    case kMul: return b_.CreateFMul(x, y);
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
  Value* sum = type->isVectorTy() ? b_.CreateFAdd(x, y) : float_arithmetic(kAdd, x, y);
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
  const u32 which = in.op - static_cast<u32>(is_double ? Op::f64_abs : Op::f32_abs);
  if (which > kCopysign) return false;
  Value* y = which >= kAdd ? pop() : nullptr;
  Value* x = pop();
  if (which >= kCeil && which <= kSqrt) {
    const Target& target = m_.options().target;
    const bool lacks = which == kSqrt ? target.lacks(is_double ? kNoF64 : kNoF32)
                                      : target.lacks(is_double ? kNoF64Rounding : kNoF32Rounding);
    constexpr native::Helper kHelpers[] = {native::Helper::f32_ceil, native::Helper::f32_floor,
                                           native::Helper::f32_trunc, native::Helper::f32_nearest,
                                           native::Helper::f32_sqrt};
    constexpr Intrinsic::ID kIntrinsics[] = {Intrinsic::ceil, Intrinsic::floor, Intrinsic::trunc,
                                             Intrinsic::roundeven, Intrinsic::sqrt};
    push(lacks ? helper(for_type(kHelpers[which - kCeil], is_double), {x})
               : b_.CreateUnaryIntrinsic(kIntrinsics[which - kCeil], x));
    return true;
  }
  switch (which) {
    case kAbs: push(b_.CreateUnaryIntrinsic(Intrinsic::fabs, x)); break;
    case kNeg: push(b_.CreateFNeg(x)); break;
    case kMin:
    case kMax: push(float_min_max(x, y, which == kMax)); break;
    case kCopysign: push(b_.CreateBinaryIntrinsic(Intrinsic::copysign, x, y)); break;
    default: push(float_arithmetic(which, x, y));
  }
  return true;
}

}  // namespace pipit::aot
