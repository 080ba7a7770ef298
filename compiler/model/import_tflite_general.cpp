// TensorFlow Lite operators that become general functions of real values.
#include <algorithm>

#include "compiler/model/import_tflite_operators.h"

namespace pipit::model {
namespace {

using support::Result;
using support::Status;

constexpr u32 kKeepDims = 0, kActivation = 0;  // fields of the options

/// How the one scale of an int8 tensor quantises it; none for other tensors.
std::optional<Quantization> int8_scale(const Tensor& tensor) {
  if (tensor.dtype != DType::i8 || !tensor.quantization || tensor.quantization->per_channel()) return {};
  return tensor.quantization;
}

/// An operand's real values.
Result<TensorId> real(TfliteImport& in, TensorId id) {
  const Tensor& tensor = in.graph[id];
  if (tensor.dtype == DType::f32) return id;
  const auto scale = int8_scale(tensor);
  if (!scale)
    return in.unsupported(std::string("element type ") + dtype_name(tensor.dtype) + " of '" + tensor.name +
                          "'");
  if (tensor.constant) return as_float(in.graph, id);
  Tensor made{tensor.name + ".real", DType::f32, tensor.shape};
  return in.emit_to(std::move(made), Op::dequantize, {id}, QuantizeAttributes{*scale, DType::i8});
}

/// Element types as they are: quantised ones would change their meaning.
Status import_cast(TfliteImport& in) {
  const Tensor& x = in.operand(0);
  if (x.shape != in.output().shape) return in.malformed("changes the shape");
  in.emit(Op::general, {in.inputs[0]}, general(FunctionId::cast, {static_cast<i64>(in.output().dtype)}));
  in.output().quantization.reset();
  return {};
}

template <Unary kind>
Status import_unary(TfliteImport& in) {
  return emit_real(in, general(kind), {in.inputs[0]});
}
template <Binary kind>
Status import_binary(TfliteImport& in) {
  return emit_real(in, general(kind), in.inputs);
}
Status import_divide(TfliteImport& in) {
  return emit_real(in, general(Binary::divide), in.inputs, kActivation);
}
template <Reduce kind>
Status import_reduce(TfliteImport& in) {
  return emit_reduction(in, kind);
}

/// 1 / √x
Status import_rsqrt(TfliteImport& in) {
  const TensorId x = TRY(real(in, in.inputs[0]));
  Tensor root{in.name + ".root", DType::f32, in.graph[x].shape};
  return emit_real(in, general(Unary::reciprocal),
                   {in.emit_to(std::move(root), Op::general, {x}, general(Unary::sqrt))});
}

Status import_squared_difference(TfliteImport& in) {
  const TensorId a = TRY(real(in, in.inputs[0])), b = TRY(real(in, in.inputs[1]));
  Tensor difference{in.name + ".difference", DType::f32, in.output().shape};
  return emit_real(in, general(Unary::square),
                   {in.emit_to(std::move(difference), Op::general, {a, b}, general(Binary::subtract))});
}

constexpr TfliteRule kGeneral[] = {
    {"ABS", 1, 1, import_unary<Unary::absolute>},
    {"CAST", 1, 1, import_cast},
    {"CEIL", 1, 1, import_unary<Unary::ceil>},
    {"COS", 1, 1, import_unary<Unary::cos>},
    {"DIV", 2, 2, import_divide},
    {"FLOOR", 1, 1, import_unary<Unary::floor>},
    {"LOG", 1, 1, import_unary<Unary::log>},
    {"MAXIMUM", 2, 2, import_binary<Binary::maximum>},
    {"MINIMUM", 2, 2, import_binary<Binary::minimum>},
    {"NEG", 1, 1, import_unary<Unary::negate>},
    {"POW", 2, 2, import_binary<Binary::power>},
    {"PRELU", 2, 2, import_binary<Binary::prelu>},
    {"REDUCE_MAX", 2, 2, import_reduce<Reduce::maximum>},
    {"REDUCE_MIN", 2, 2, import_reduce<Reduce::minimum>},
    {"REDUCE_PROD", 2, 2, import_reduce<Reduce::product>},
    {"ROUND", 1, 1, import_unary<Unary::round>},
    {"RSQRT", 1, 1, import_rsqrt},
    {"SIN", 1, 1, import_unary<Unary::sin>},
    {"SQRT", 1, 1, import_unary<Unary::sqrt>},
    {"SQUARE", 1, 1, import_unary<Unary::square>},
    {"SQUARED_DIFFERENCE", 2, 2, import_squared_difference},
    {"SUM", 2, 2, import_reduce<Reduce::sum>},
};

/// Whether the operands broadcast to `to`, by NumPy's rules.
bool broadcasts(const Graph& graph, const std::vector<TensorId>& operands, const Shape& to) {
  Shape shape(to.size(), 1);
  for (TensorId id : operands) {
    const Shape& from = graph[id].shape;
    if (from.size() > to.size()) return false;
    for (usize i = 0; i < from.size(); ++i) {
      i64& extent = shape[to.size() - from.size() + i];
      if (from[i] != 1 && extent != 1 && from[i] != extent) return false;
      extent = std::max(extent, from[i]);
    }
  }
  return shape == to;
}

}  // namespace

bool is_plain_integers(const TfliteImport& in, usize operands) {
  const DType dtype = in.operand(0).dtype;
  if (dtype == DType::f32 || dtype == DType::f16 || dtype == DType::f64) return false;
  for (usize i = 0; i <= operands; ++i) {
    if (i < operands && !in.has(i)) return false;
    const Tensor& tensor = i < operands ? in.operand(i) : in.output();
    if (tensor.dtype != dtype || tensor.quantization) return false;
  }
  return true;
}

Status emit_real(TfliteImport& in, const GeneralAttributes& function, std::vector<TensorId> operands,
                 std::optional<u32> activation) {
  const Tensor output = in.output();  // nodes below add tensors
  if (is_plain_integers(in, operands.size()) && function.function == static_cast<u32>(FunctionId::binary)) {
    if (activation && !TRY(in.activation(*activation)).none())
      return in.unsupported("a fused activation of integers");
    if (!broadcasts(in.graph, operands, output.shape))
      return in.malformed("its operands do not make " + to_string(output.shape));
    in.emit(Op::general, operands, function);
    return {};
  }
  const auto scale = int8_scale(output);
  if (output.dtype != DType::f32 && !scale)
    return in.unsupported(std::string("element type ") + dtype_name(output.dtype));
  const Clamp clamp = activation ? TRY(in.activation(*activation)) : Clamp{};
  for (TensorId& id : operands) id = TRY(real(in, id));
  const bool reduces = function.function == static_cast<u32>(FunctionId::reduce);
  if (!reduces && !broadcasts(in.graph, operands, output.shape))
    return in.malformed("its operands do not make " + to_string(output.shape));
  if (output.dtype == DType::f32 && clamp.none()) {
    in.emit(Op::general, operands, function);
    return {};
  }
  const Tensor value{in.name + ".value", DType::f32, output.shape};
  TensorId made = in.emit_to(value, Op::general, operands, function);
  if (output.dtype == DType::f32) {
    in.emit(Op::clamp, {made}, {}, clamp);
    return {};
  }
  if (!clamp.none()) {
    Tensor within = value;
    within.name = in.name + ".within";
    made = in.emit_to(std::move(within), Op::clamp, {made}, {}, clamp);
  }
  if (scale) in.emit(Op::quantize, {made}, QuantizeAttributes{*scale, DType::i8});
  return {};
}

Status emit_reduction(TfliteImport& in, Reduce kind) {
  const Shape shape = in.operand(0).shape;
  const i64 rank = static_cast<i64>(shape.size());
  const bool keep = in.options.scalar<i8>(kKeepDims, 0) != 0;
  i64 axes = 0;
  for (i64 axis : TRY(in.constant(1, "the axes"))) {
    if (axis < -rank || axis >= rank) return in.malformed("reduces axis " + std::to_string(axis));
    axes |= i64{1} << (axis < 0 ? axis + rank : axis);
  }
  Shape left;
  for (i64 axis = 0; axis < rank; ++axis) {
    const bool is_reduced = (axes >> axis & 1) != 0;
    if (!is_reduced || keep) left.push_back(is_reduced ? 1 : shape[static_cast<usize>(axis)]);
  }
  if (left != in.output().shape) return in.malformed("its output is not " + to_string(left));
  return emit_real(in, general(FunctionId::reduce, {static_cast<i64>(kind), axes, keep}), {in.inputs[0]});
}

std::span<const TfliteRule> general_tflite_rules() { return kGeneral; }

}  // namespace pipit::model
