// Operators that work element by element.
#include <algorithm>
#include <cmath>

#include "compiler/model/import_operators.h"
#include "compiler/model/onnx_program.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

/// Before opset 7 one slope a channel.
Result<TensorId> import_prelu(Import& in) {
  TensorId slope = in.inputs[1];
  if (in.opset < 7 && in.rank(1) == 1 && in.rank(0) > 2 && element_count(in.operand(1).shape) > 1) {
    Shape shape(in.rank(0) - 1, 1);
    shape[0] = in.operand(1).shape[0];
    slope = TRY(in.reshape(slope, shape));
  }
  return in.binary(Binary::prelu, in.inputs[0], slope);
}

template <Unary kind>
Result<TensorId> import_unary(Import& in) {
  return in.unary(kind, in.inputs[0]);
}

/// Before opset 7 an attribute says where the second operand's axes begin.
Result<TensorId> legacy_operand(Import& in) {
  if (in.opset >= 7) return in.inputs[1];
  const bool broadcast = TRY(in.attributes.integer("broadcast", 0)) != 0;
  const i64 rank = static_cast<i64>(in.rank(0)), own = static_cast<i64>(in.rank(1));
  const i64 axis = TRY(in.attributes.integer("axis", rank - own));
  if (!broadcast || axis < 0 || axis + own >= rank) return in.inputs[1];
  Shape shape = in.operand(1).shape;
  shape.insert(shape.end(), static_cast<usize>(rank - axis - own), 1);
  return in.reshape(in.inputs[1], shape);
}

template <Binary kind>
Result<TensorId> import_binary(Import& in) {
  const TensorId b = TRY(legacy_operand(in));
  return in.binary(kind, in.inputs[0], b);
}

/// Sums and products of floats are the tuned operators' where those take them; fuse and lower see them first.
template <Op op, Binary kind>
Result<TensorId> import_arithmetic(Import& in) {
  const TensorId b = TRY(legacy_operand(in));
  const bool filled = element_count(in.operand(0).shape) > 0 && element_count(in.graph[b].shape) > 0;
  if (in.dtype(0) == DType::f32 && in.graph[b].dtype == DType::f32 && filled)
    return in.emit(op, {in.inputs[0], b});
  return in.binary(kind, in.inputs[0], b);
}

/// Any number of operands, one after another.
template <Binary kind>
Result<TensorId> import_chain(Import& in) {
  TensorId result = in.inputs[0];
  for (usize i = 1; i < in.inputs.size(); ++i) {
    if (!in.has(i)) return Error(Code::malformed, "an input is missing");
    const bool adds = kind == Binary::add && in.dtype(0) == DType::f32 && in.dtype(i) == DType::f32 &&
                      element_count(in.operand(i).shape) > 0 && element_count(in.graph[result].shape) > 0;
    result =
        adds ? TRY(in.emit(Op::add, {result, in.inputs[i]})) : TRY(in.binary(kind, result, in.inputs[i]));
  }
  return in.inputs.size() == 1 ? in.unary(Unary::copy, result) : Result<TensorId>(result);
}

Result<TensorId> import_mean(Import& in) {
  const TensorId sum = TRY(import_chain<Binary::add>(in));
  if (in.inputs.size() == 1) return sum;
  return in.binary(Binary::divide, sum, in.number(in.dtype(0), static_cast<f64>(in.inputs.size())));
}

Result<TensorId> import_mod(Import& in) {
  const bool c_rule = TRY(in.attributes.integer("fmod", 0)) != 0;
  return in.binary(c_rule ? Binary::remainder : Binary::modulo, in.inputs[0], in.inputs[1]);
}

Result<TensorId> import_bit_shift(Import& in) {
  const std::string direction = TRY(in.attributes.text("direction", ""));
  if (direction != "LEFT" && direction != "RIGHT")
    return Error(Code::malformed, "direction is neither LEFT nor RIGHT");
  return in.binary(direction == "LEFT" ? Binary::shift_left : Binary::shift_right, in.inputs[0],
                   in.inputs[1]);
}

/// An activation with up to two parameters.
template <Unary kind>
Result<TensorId> activation(Import& in, const char* p, f32 p_default, const char* q = nullptr,
                            f32 q_default = 0) {
  const f32 first = TRY(in.attributes.real(p, p_default));
  const f32 second = q == nullptr ? q_default : TRY(in.attributes.real(q, q_default));
  return in.unary(kind, in.inputs[0], first, second);
}

Result<TensorId> import_elu(Import& in) { return activation<Unary::elu>(in, "alpha", 1); }
Result<TensorId> import_celu(Import& in) { return activation<Unary::celu>(in, "alpha", 1); }
Result<TensorId> import_selu(Import& in) {
  return activation<Unary::selu>(in, "alpha", 1.67326319217681884765625f, "gamma",
                                 1.05070102214813232421875f);
}
Result<TensorId> import_leaky_relu(Import& in) { return activation<Unary::leaky>(in, "alpha", 0.01f); }
Result<TensorId> import_thresholded_relu(Import& in) {
  return activation<Unary::thresholded>(in, "alpha", 1);
}
Result<TensorId> import_hard_sigmoid(Import& in) {
  return activation<Unary::hard_sigmoid>(in, "alpha", 0.2f, "beta", 0.5f);
}
Result<TensorId> import_shrink(Import& in) { return activation<Unary::shrink>(in, "lambd", 0.5f, "bias", 0); }

Result<TensorId> import_gelu(Import& in) {
  const std::string how = TRY(in.attributes.text("approximate", "none"));
  return in.unary(how == "tanh" ? Unary::gelu_tanh : Unary::gelu, in.inputs[0]);
}

Result<TensorId> import_is_inf(Import& in) {
  const i64 low = TRY(in.attributes.integer("detect_negative", 1)),
            high = TRY(in.attributes.integer("detect_positive", 1));
  return in.unary(Unary::is_inf, in.inputs[0], low != 0, high != 0);
}

Result<TensorId> import_relu(Import& in) {
  const DType dtype = in.dtype(0);
  if (dtype == DType::f32 && element_count(in.operand(0).shape) > 0)
    return in.emit(Op::clamp, in.inputs, {}, Clamp{.low = 0});
  return in.binary(Binary::maximum, in.inputs[0], in.number(dtype, 0));
}

/// A bound as a number known now; none where it is computed at run time.
std::optional<f32> known_bound(const Import& in, usize index, f32 absent) {
  if (!in.has(index)) return absent;
  const auto values = constant_floats(in.operand(index));
  return values.size() == 1 ? std::optional<f32>(values[0]) : std::nullopt;
}

Result<TensorId> import_clip(Import& in) {
  const Clamp none;
  std::optional<f32> low = none.low, high = none.high;
  if (in.opset < 11) {
    low = TRY(in.attributes.real("min", none.low));
    high = TRY(in.attributes.real("max", none.high));
  } else {
    low = known_bound(in, 1, none.low);
    high = known_bound(in, 2, none.high);
  }
  if (in.dtype(0) == DType::f32 && low && high && *low <= *high && element_count(in.operand(0).shape) > 0)
    return in.emit(Op::clamp, {in.inputs[0]}, {}, Clamp{*low, *high});
  TensorId result = in.inputs[0];
  const auto bound = [&](usize index, std::optional<f32> value) {
    return in.has(index) ? in.inputs[index] : in.number(in.dtype(0), static_cast<f64>(*value));
  };
  if (in.has(1) || (low && std::isfinite(*low)))
    result = TRY(in.binary(Binary::maximum, result, bound(1, low)));
  if (in.has(2) || (high && std::isfinite(*high)))
    result = TRY(in.binary(Binary::minimum, result, bound(2, high)));
  return result == in.inputs[0] ? in.unary(Unary::copy, result) : Result<TensorId>(result);
}

Result<TensorId> import_where(Import& in) { return in.emit(FunctionId::where, in.inputs); }

Result<TensorId> import_cast(Import& in) {
  const i64 to = TRY(in.attributes.integer("to", 1));
  TRY(in.attributes.integer("saturate", 1));
  const auto type = static_cast<onnx_file::ElementType>(to);
  const DType dtype = dtype_of(type);
  if (element_type_of(dtype) != type)
    return Error(Code::unsupported, "to element type " + std::to_string(to));
  if (in.dtype(0) == dtype) return in.emit(Op::identity, in.inputs);
  return in.cast(in.inputs[0], dtype);
}

Result<TensorId> import_cast_like(Import& in) {
  TRY(in.attributes.integer("saturate", 1));
  if (in.dtype(0) == in.dtype(1)) return in.emit(Op::identity, {in.inputs[0]});
  return in.cast(in.inputs[0], in.dtype(1));
}

/// A zero mask and everything kept: what Dropout is outside training.
Result<TensorId> import_dropout(Import& in) {
  TRY(in.attributes.real("ratio", 0.5f));
  TRY(in.attributes.integer("seed", 0));
  TRY(in.attributes.integer("is_test", 1));
  if (in.has(2)) {
    const auto training = TRY(in.constant(2, "training_mode"));
    const auto ratio = in.has(1) ? TRY(in.constant_reals(1, "the ratio")) : std::vector<f32>{0.5f};
    if (!training.empty() && training[0] != 0 && !ratio.empty() && ratio[0] != 0)
      return Error(Code::unsupported, "training mode drops at random; export the model in evaluation mode");
  }
  if (in.wants_output(1))
    in.bind(1, in.fill(in.opset < 10 ? in.dtype(0) : DType::boolean, in.operand(0).shape, 1));
  return in.emit(Op::identity, {in.inputs[0]});
}

constexpr ImportRule kRules[] = {
    {"Abs", 1, 1, import_unary<Unary::absolute>},
    {"Acos", 1, 1, import_unary<Unary::acos>},
    {"Acosh", 1, 1, import_unary<Unary::acosh>},
    {"Add", 2, 2, import_arithmetic<Op::add, Binary::add>},
    {"And", 2, 2, import_binary<Binary::logical_and>},
    {"Asin", 1, 1, import_unary<Unary::asin>},
    {"Asinh", 1, 1, import_unary<Unary::asinh>},
    {"Atan", 1, 1, import_unary<Unary::atan>},
    {"Atanh", 1, 1, import_unary<Unary::atanh>},
    {"BitShift", 2, 2, import_bit_shift},
    {"BitwiseAnd", 2, 2, import_binary<Binary::bitwise_and>},
    {"BitwiseNot", 1, 1, import_unary<Unary::bitwise_not>},
    {"BitwiseOr", 2, 2, import_binary<Binary::bitwise_or>},
    {"BitwiseXor", 2, 2, import_binary<Binary::bitwise_xor>},
    {"Cast", 1, 1, import_cast},
    {"CastLike", 2, 2, import_cast_like},
    {"Ceil", 1, 1, import_unary<Unary::ceil>},
    {"Celu", 1, 1, import_celu},
    {"Clip", 1, 3, import_clip},
    {"Cos", 1, 1, import_unary<Unary::cos>},
    {"Cosh", 1, 1, import_unary<Unary::cosh>},
    {"Div", 2, 2, import_arithmetic<Op::div, Binary::divide>},
    {"Dropout", 1, 3, import_dropout},
    {"Elu", 1, 1, import_elu},
    {"Equal", 2, 2, import_binary<Binary::equal>},
    {"Erf", 1, 1, import_unary<Unary::erf>},
    {"Exp", 1, 1, import_unary<Unary::exp>},
    {"Floor", 1, 1, import_unary<Unary::floor>},
    {"Gelu", 1, 1, import_gelu},
    {"Greater", 2, 2, import_binary<Binary::greater>},
    {"GreaterOrEqual", 2, 2, import_binary<Binary::greater_equal>},
    {"HardSigmoid", 1, 1, import_hard_sigmoid},
    {"HardSwish", 1, 1, import_unary<Unary::hard_swish>},
    {"IsInf", 1, 1, import_is_inf},
    {"IsNaN", 1, 1, import_unary<Unary::is_nan>},
    {"LeakyRelu", 1, 1, import_leaky_relu},
    {"Less", 2, 2, import_binary<Binary::less>},
    {"LessOrEqual", 2, 2, import_binary<Binary::less_equal>},
    {"Log", 1, 1, import_unary<Unary::log>},
    {"Max", 1, 32, import_chain<Binary::maximum>},
    {"Mean", 1, 32, import_mean},
    {"Min", 1, 32, import_chain<Binary::minimum>},
    {"Mish", 1, 1, import_unary<Unary::mish>},
    {"Mod", 2, 2, import_mod},
    {"Mul", 2, 2, import_arithmetic<Op::mul, Binary::multiply>},
    {"Neg", 1, 1, import_unary<Unary::negate>},
    {"Not", 1, 1, import_unary<Unary::logical_not>},
    {"Or", 2, 2, import_binary<Binary::logical_or>},
    {"PRelu", 2, 2, import_prelu},
    {"Pow", 2, 2, import_binary<Binary::power>},
    {"Reciprocal", 1, 1, import_unary<Unary::reciprocal>},
    {"Relu", 1, 1, import_relu},
    {"Round", 1, 1, import_unary<Unary::round>},
    {"Selu", 1, 1, import_selu},
    {"Shrink", 1, 1, import_shrink},
    {"Sigmoid", 1, 1, import_unary<Unary::sigmoid>},
    {"Sign", 1, 1, import_unary<Unary::sign>},
    {"Sin", 1, 1, import_unary<Unary::sin>},
    {"Sinh", 1, 1, import_unary<Unary::sinh>},
    {"Softplus", 1, 1, import_unary<Unary::softplus>},
    {"Softsign", 1, 1, import_unary<Unary::softsign>},
    {"Sqrt", 1, 1, import_unary<Unary::sqrt>},
    {"Sub", 2, 2, import_arithmetic<Op::sub, Binary::subtract>},
    {"Sum", 1, 32, import_chain<Binary::add>},
    {"Tan", 1, 1, import_unary<Unary::tan>},
    {"Tanh", 1, 1, import_unary<Unary::tanh>},
    {"ThresholdedRelu", 1, 1, import_thresholded_relu},
    {"Where", 3, 3, import_where},
    {"Xor", 2, 2, import_binary<Binary::logical_xor>},
};

}  // namespace

std::span<const ImportRule> elementwise_rules() { return kRules; }

}  // namespace pipit::model
