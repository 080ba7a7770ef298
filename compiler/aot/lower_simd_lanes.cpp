// Floats of SIMD where there are no vectors: each lane as scalars of its type, by the processor's
// instructions or the runtime's helpers, so that a lane and a scalar are the same in every bit. Integers LLVM
// divides into lanes itself.
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;

namespace {

struct Operation {
  Vector what;
  Float as;
};
constexpr Operation kOperations[] = {
    {Vector::fabs, Float::abs},        {Vector::fneg, Float::neg},    {Vector::sqrt, Float::sqrt},
    {Vector::ceil, Float::ceil},       {Vector::floor, Float::floor}, {Vector::trunc, Float::trunc},
    {Vector::nearest, Float::nearest}, {Vector::fadd, Float::add},    {Vector::fsub, Float::sub},
    {Vector::fmul, Float::mul},        {Vector::fdiv, Float::div},    {Vector::fmin, Float::min},
    {Vector::fmax, Float::max},
};

struct Comparison {
  Vector what;
  CmpInst::Predicate predicate;
};
constexpr Comparison kComparisons[] = {
    {Vector::feq, CmpInst::FCMP_OEQ}, {Vector::fne, CmpInst::FCMP_UNE}, {Vector::flt, CmpInst::FCMP_OLT},
    {Vector::fgt, CmpInst::FCMP_OGT}, {Vector::fle, CmpInst::FCMP_OLE}, {Vector::fge, CmpInst::FCMP_OGE},
};

}  // namespace

/// Lanes of `to` beyond those of the operands are 0.
template <class Compute>
Value* FunctionLowering::lane_by_lane(FixedVectorType* to, ArrayRef<Value*> operands, Compute compute) {
  u32 count = to->getNumElements();
  for (Value* operand : operands)
    count = std::min(count, cast<FixedVectorType>(operand->getType())->getNumElements());
  Value* result = Constant::getNullValue(to);
  for (u64 lane = 0; lane < count; ++lane) {
    Value* values[3] = {};
    for (usize i = 0; i < operands.size(); ++i) values[i] = b_.CreateExtractElement(operands[i], lane);
    result = b_.CreateInsertElement(result, compute(values), lane);
  }
  return result;
}

bool FunctionLowering::simd_float_lanes(Vector what, Lanes lanes) {
  FixedVectorType* type = vector_type(b_, lanes);
  const auto pop_two = [&] {
    Value* y = pop_vector(lanes);
    return std::array{pop_vector(lanes), y};
  };
  for (const auto& [operation, as] : kOperations) {
    if (operation != what) continue;
    std::vector<Value*> operands = {pop_vector(lanes)};
    if (as >= Float::add) operands.insert(operands.begin(), pop_vector(lanes));
    push_vector(lane_by_lane(type, operands, [&](Value** v) { return float_operation(as, v[0], v[1]); }));
    return true;
  }
  for (const auto& [comparison, predicate] : kComparisons) {
    if (comparison != what) continue;
    auto* bits = cast<FixedVectorType>(VectorType::getInteger(type));
    push_vector(lane_by_lane(bits, pop_two(), [&](Value** v) {
      return b_.CreateSExt(float_compare(predicate, v[0], v[1]), bits->getElementType());
    }));
    return true;
  }
  switch (what) {
    case Vector::pmin:
    case Vector::pmax:
      push_vector(lane_by_lane(type, pop_two(), [&](Value** v) {
        Value* second = what == Vector::pmin ? float_compare(CmpInst::FCMP_OLT, v[1], v[0])
                                             : float_compare(CmpInst::FCMP_OLT, v[0], v[1]);
        return b_.CreateSelect(second, v[1], v[0]);
      }));
      return true;
    case Vector::madd:
    case Vector::nmadd: {
      Value* z = pop_vector(lanes);
      const auto [x, y] = pop_two();
      push_vector(lane_by_lane(type, {x, y, z}, [&](Value** v) {
        Value* product = float_arithmetic(Float::mul, v[0], v[1]);
        return what == Vector::madd ? float_arithmetic(Float::add, product, v[2])
                                    : float_arithmetic(Float::sub, v[2], product);
      }));
      return true;
    }
    default: return false;
  }
}

bool FunctionLowering::simd_conversion_lanes(const wasm::Instruction& in) {
  const auto convert = [&](Lanes from, Lanes to, auto compute) {
    push_vector(
        lane_by_lane(vector_type(b_, to), {pop_vector(from)}, [&](Value** v) { return compute(v[0]); }));
    return true;
  };
  const auto saturate = [&](Lanes from, bool is_signed) {
    return convert(from, Lanes::i32,
                   [&](Value* value) { return to_integer(value, b_.getInt32Ty(), is_signed, true); });
  };
  const auto from_integer = [&](Lanes to, bool is_signed) {
    llvm::Type* type = vector_type(b_, to)->getElementType();
    return convert(Lanes::i32, to, [&](Value* value) { return to_float(value, type, is_signed); });
  };
  switch (static_cast<Op>(in.op)) {
    case Op::i32x4_trunc_sat_f32x4_s:
    case Op::i32x4_relaxed_trunc_f32x4_s: return saturate(Lanes::f32, true);
    case Op::i32x4_trunc_sat_f32x4_u:
    case Op::i32x4_relaxed_trunc_f32x4_u: return saturate(Lanes::f32, false);
    case Op::i32x4_trunc_sat_f64x2_s_zero:
    case Op::i32x4_relaxed_trunc_f64x2_s_zero: return saturate(Lanes::f64, true);
    case Op::i32x4_trunc_sat_f64x2_u_zero:
    case Op::i32x4_relaxed_trunc_f64x2_u_zero: return saturate(Lanes::f64, false);
    case Op::f32x4_convert_i32x4_s: return from_integer(Lanes::f32, true);
    case Op::f32x4_convert_i32x4_u: return from_integer(Lanes::f32, false);
    case Op::f64x2_convert_low_i32x4_s: return from_integer(Lanes::f64, true);
    case Op::f64x2_convert_low_i32x4_u: return from_integer(Lanes::f64, false);
    case Op::f64x2_promote_low_f32x4:
      return convert(Lanes::f32, Lanes::f64, [&](Value* value) { return promote(value); });
    case Op::f32x4_demote_f64x2_zero:
      return convert(Lanes::f64, Lanes::f32, [&](Value* value) { return demote(value); });
    default: return false;
  }
}

}  // namespace pipit::aot
