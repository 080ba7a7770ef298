// Integer arithmetic and comparison (Wasm 2.0 §4.3.2). i32 and i64 have the same instructions in the same
// order.
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
using wasm::TrapKind;
namespace native = wasm::native;

namespace {

/// `op` counted from `first`, if it is one of the `count` from there on.
bool in_family(u32 op, Op first, u32 count, u32& number) {
  number = op - static_cast<u32>(first);
  return number < count;
}

constexpr CmpInst::Predicate kComparisons[] = {
    CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,  CmpInst::ICMP_SLT, CmpInst::ICMP_ULT, CmpInst::ICMP_SGT,
    CmpInst::ICMP_UGT, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE, CmpInst::ICMP_SGE, CmpInst::ICMP_UGE,
};

enum Arithmetic : u32 {
  kAdd,
  kSub,
  kMul,
  kDivS,
  kDivU,
  kRemS,
  kRemU,
  kAnd,
  kOr,
  kXor,
  kShl,
  kShrS,
  kShrU,
  kRotl,
  kRotr
};

Value* count_bits(Builder& b, u32 which, Value* value) {
  switch (which) {
    case 0: return b.CreateBinaryIntrinsic(Intrinsic::ctlz, value, b.getFalse());
    case 1: return b.CreateBinaryIntrinsic(Intrinsic::cttz, value, b.getFalse());
    default: return b.CreateUnaryIntrinsic(Intrinsic::ctpop, value);
  }
}

Value* arithmetic(Builder& b, u32 which, Value* x, Value* y) {
  // Shifts and rotations take their distance modulo the width.
  const auto distance = [&] { return b.CreateAnd(y, x->getType()->getIntegerBitWidth() - 1); };
  switch (which) {
    case kAdd: return b.CreateAdd(x, y);
    case kSub: return b.CreateSub(x, y);
    case kMul: return b.CreateMul(x, y);
    case kAnd: return b.CreateAnd(x, y);
    case kOr: return b.CreateOr(x, y);
    case kXor: return b.CreateXor(x, y);
    case kShl: return b.CreateShl(x, distance());
    case kShrS: return b.CreateAShr(x, distance());
    case kShrU: return b.CreateLShr(x, distance());
    case kRotl: return b.CreateIntrinsic(Intrinsic::fshl, {x->getType()}, {x, x, y});
    default: return b.CreateIntrinsic(Intrinsic::fshr, {x->getType()}, {x, x, y});
  }
}

/// A comparison becomes the opposite one, which costs nothing without an optimiser either.
Value* negate(Builder& b, Value* bit) {
  const auto* comparison = dyn_cast<CmpInst>(bit);
  if (comparison == nullptr) return b.CreateNot(bit);
  return b.CreateCmp(comparison->getInversePredicate(), comparison->getOperand(0), comparison->getOperand(1));
}

}  // namespace

/// Division and remainder: they trap, and the hardware's own idea of the corner cases must not show.
void FunctionLowering::divide(u32 which, llvm::Type* type) {
  Value* y = pop();
  Value* x = pop();
  const bool is_wide = type->isIntegerTy(64);
  const u32 bits = type->getIntegerBitWidth();
  Value* const minus_one = ConstantInt::getAllOnesValue(type);
  trap_if(b_.CreateICmpEQ(y, ConstantInt::get(type, 0)), TrapKind::integer_divide_by_zero);
  if (which == kDivS) {
    Value* overflows =
        b_.CreateAnd(b_.CreateICmpEQ(y, minus_one),
                     b_.CreateICmpEQ(x, ConstantInt::get(type, APInt::getSignedMinValue(bits))));
    trap_if(overflows, TrapKind::integer_overflow);
  }
  // A remainder by -1 is 0, as is one by 1, which no machine overflows on.
  if (which == kRemS) y = b_.CreateSelect(b_.CreateICmpEQ(y, minus_one), ConstantInt::get(type, 1), y);
  const bool known = isa<ConstantInt>(x) && isa<ConstantInt>(y);
  if (is_wide && !known && m_.options().target.lacks(kNoI64Division)) {
    const u32 helper_number = static_cast<u32>(native::Helper::i64_div_s) + (which - kDivS);
    push(helper(static_cast<native::Helper>(helper_number), {x, y}));
    return;
  }
  constexpr Instruction::BinaryOps kOps[] = {Instruction::SDiv, Instruction::UDiv, Instruction::SRem,
                                             Instruction::URem};
  push(b_.CreateBinOp(kOps[which - kDivS], x, y));
}

bool FunctionLowering::integer(const wasm::Instruction& in) {
  u32 which = 0;
  for (const bool is_wide : {false, true}) {
    llvm::Type* type = is_wide ? b_.getInt64Ty() : b_.getInt32Ty();
    const auto family = [&](Op narrow, Op wide, u32 count) {
      return in_family(in.op, is_wide ? wide : narrow, count, which);
    };
    if (family(Op::i32_add, Op::i64_add, 15)) {
      if (which >= kDivS && which <= kRemU) {
        divide(which, type);
        return true;
      }
      Value* y = pop();
      Value* x = pop();
      push(arithmetic(b_, which, x, y));
      return true;
    }
    if (family(Op::i32_eq, Op::i64_eq, 10)) {
      Value* y = pop();
      Value* x = pop();
      push_bool(b_.CreateICmp(kComparisons[which], x, y));
      return true;
    }
    if (family(Op::i32_eqz, Op::i64_eqz, 1)) {
      push_bool(is_wide ? b_.CreateICmpEQ(pop(), b_.getInt64(0)) : negate(b_, pop_bool()));
      return true;
    }
    if (family(Op::i32_clz, Op::i64_clz, 3)) {
      push(count_bits(b_, which, pop()));
      return true;
    }
  }
  return false;
}

}  // namespace pipit::aot
