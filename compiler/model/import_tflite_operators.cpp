#include "compiler/model/import_tflite_operators.h"

#include <algorithm>

#include "compiler/model/import_tflite.h"

namespace pipit::model {

using support::Result;
using support::Status;

bool has_one_scale(const Tensor& tensor, DType dtype) {
  return tensor.dtype == dtype && tensor.quantization && !tensor.quantization->per_channel();
}

Status check_scales(const TfliteImport& in, usize operands, bool wide) {
  for (usize i = 0; i <= operands; ++i) {
    const Tensor& tensor = i < operands ? in.operand(i) : in.output();
    if (tensor.dtype != in.operand(0).dtype)
      return in.unsupported("mixes element types " + std::string(dtype_name(in.operand(0).dtype)) + " and " +
                            dtype_name(tensor.dtype));
    if (tensor.dtype == DType::f32) continue;
    if (tensor.dtype != DType::i8 && !(wide && tensor.dtype == DType::i16))
      return in.unsupported(std::string("element type ") + dtype_name(tensor.dtype));
    if (!tensor.quantization || tensor.quantization->per_channel())
      return in.malformed("'" + tensor.name + "' has no scale, or several");
    if (tensor.dtype == DType::i16 && tensor.quantization->zero_points[0] != 0)
      return in.unsupported("'" + tensor.name + "' is int16 with a zero point");
  }
  return {};
}

Result<std::vector<i64>> TfliteImport::constant(usize index, const char* what) const {
  if (!operand(index).constant) return unsupported(std::string(what) + " are computed at run time");
  return constant_ints(operand(index));
}

Result<Clamp> TfliteImport::activation(u32 field) const {
  switch (options.scalar<i8>(field, 0)) {
    case 0: return Clamp{};
    case 1: return Clamp{0, kInfinity};
    case 2: return Clamp{-1, 1};
    case 3: return Clamp{0, 6};
    default: return unsupported("the fused activation is neither RELU, RELU6 nor RELU_N1_TO_1");
  }
}

void TfliteImport::emit(Op op, std::vector<TensorId> operands, Attributes attributes, Clamp clamp) {
  graph.append({op, name, std::move(operands), outputs[0], std::move(attributes), clamp});
}

TensorId TfliteImport::emit_to(Tensor tensor, Op op, std::vector<TensorId> operands, Attributes attributes,
                               Clamp clamp) {
  const std::string node_name = tensor.name;
  const TensorId made = graph.add_tensor(std::move(tensor));
  graph.append({op, node_name, std::move(operands), made, std::move(attributes), clamp});
  return made;
}

TensorId as_float(Graph& graph, TensorId id) {
  const Tensor& from = graph[id];
  if (from.dtype == DType::f32) return id;
  std::vector<f32> values = constant_floats(from);
  if (from.quantization) {
    const Quantization& q = *from.quantization;
    usize run = 1;  // elements per index of the axis
    for (usize i = q.per_channel() ? static_cast<usize>(q.axis) + 1 : 0; i < from.shape.size(); ++i)
      run *= static_cast<usize>(from.shape[i]);
    for (usize i = 0; i < values.size(); ++i) {
      const usize at = q.per_channel() ? i / run % q.scales.size() : 0;
      values[i] = (values[i] - static_cast<f32>(q.zero_points[at])) * q.scales[at];
    }
  }
  return graph.add_constant(from.name, DType::f32, from.shape, values);
}

namespace {

std::vector<std::span<const TfliteRule>> tables() {
  return {elementwise_tflite_rules(), layer_tflite_rules(),     movement_tflite_rules(),
          general_tflite_rules(),     recurrent_tflite_rules(), signal_tflite_rules()};
}

}  // namespace

const TfliteRule* tflite_rule(std::string_view name) {
  for (const auto rules : tables())
    for (const TfliteRule& rule : rules)
      if (name == rule.name) return &rule;
  return nullptr;
}

std::vector<std::string> importable_tflite_operators() {
  std::vector<std::string> names;
  for (const auto rules : tables())
    for (const TfliteRule& rule : rules) names.push_back(rule.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace pipit::model
