#include "compiler/model/import_tflite.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/model/import_onnx.h"
#include "compiler/model/import_tflite_operators.h"
#include "compiler/model/tflite_file.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// Zero points a quantised element type can have.
struct ZeroRange {
  i32 low, high;
};
ZeroRange zero_range(DType dtype) {
  switch (dtype) {
    case DType::i8: return {-128, 127};
    case DType::u8: return {0, 255};
    case DType::i16: return {-32768, 32767};
    default: return {0, 0};
  }
}

Status check_quantization(const tflite_file::Tensor& tensor) {
  const Quantization& q = tensor.quantization;
  const usize axis = static_cast<usize>(std::max(q.axis, 0));
  if (q.per_channel() &&
      (axis >= tensor.shape.size() || static_cast<i64>(q.scales.size()) != tensor.shape[axis]))
    return Error(Code::malformed, "its scales do not fit its channels");
  const ZeroRange range = zero_range(tensor.dtype);
  for (usize i = 0; i < q.scales.size(); ++i) {
    if (!(q.scales[i] > 0) || !(q.scales[i] < 1e30f))
      return Error(Code::malformed, "a scale is not a positive finite number");
    if (q.zero_points[i] < range.low || q.zero_points[i] > range.high)
      return Error(Code::malformed,
                   "zero point " + std::to_string(q.zero_points[i]) + " does not fit its element type");
  }
  return {};
}

/// Tensors of the file, made in the graph when an operator first names them.
class Importer {
 public:
  explicit Importer(tflite_file::Model file, usize file_bytes)
      : file_(std::move(file)), constant_budget_(4 * u64{file_bytes} + (1u << 20)) {}

  Result<Graph> run() {
    graph_.name = file_.name.empty() ? "tflite" : file_.name;
    graph_.channels_last = true;
    for (i32 index : file_.inputs) TRY(add_input(index));
    for (usize i = 0; i < file_.nodes.size(); ++i) {
      auto added = add_node(file_.nodes[i]);
      if (!added.ok())
        return added.take_error().in(file_.nodes[i].name + " node " + std::to_string(i) + output_name(i));
    }
    for (i32 index : file_.outputs) TRY(add_output(index));
    if (graph_.inputs.empty()) return Error(Code::malformed, "the model has no input");
    if (graph_.outputs.empty()) return Error(Code::malformed, "the model has no output");
    return std::move(graph_);
  }

 private:
  std::string output_name(usize node) const {
    const auto& outputs = file_.nodes[node].outputs;
    if (outputs.empty() || outputs[0] < 0 || static_cast<usize>(outputs[0]) >= file_.tensors.size())
      return "";
    return " '" + file_.tensors[static_cast<usize>(outputs[0])].name + "'";
  }

  Result<const tflite_file::Tensor*> tensor(i32 index) const {
    if (index < 0 || static_cast<usize>(index) >= file_.tensors.size())
      return Error(Code::malformed, "tensor " + std::to_string(index) + " is not in the file");
    return &file_.tensors[static_cast<usize>(index)];
  }

  /// The graph's tensor for one of the file: uint8 shifted to int8, a constant with its data.
  Result<TensorId> make(i32 index) {
    const tflite_file::Tensor& from = *TRY(tensor(index));
    const std::string what = "tensor '" + from.name + "'";
    for (i64 dim : from.shape)
      if (dim < 1)
        return Error(Code::unsupported, what + " has the empty or dynamic shape " + to_string(from.shape));
    Tensor made{from.name, from.dtype, from.shape};
    // A bias's scales follow from its layer's.
    if (from.has_quantization && !(from.has_data && (from.dtype == DType::i32 || from.dtype == DType::i64)))
      made.quantization = from.quantization;
    if (made.quantization) {
      auto checked = check_quantization(from);
      if (!checked.ok()) return checked.take_error().in(what);
    }
    if (from.has_data) {
      if (from.data.size() > constant_budget_)
        return Error(Code::malformed, what + " shares its data with too many others");
      constant_budget_ -= from.data.size();
      made.constant = true;
      made.data.assign(from.data.begin(), from.data.end());
    }
    if (from.dtype == DType::u8 && made.quantization) shift_to_signed(made, *made.quantization);
    return graph_.add_tensor(std::move(made));
  }

  static void shift_to_signed(Tensor& tensor, Quantization& quantization) {
    tensor.dtype = DType::i8;
    for (i32& zero : quantization.zero_points) zero -= 128;
    for (u8& value : tensor.data) value ^= 0x80;
  }

  Result<TensorId> operand(i32 index) {
    if (const auto known = tensors_.find(index); known != tensors_.end()) return known->second;
    const tflite_file::Tensor& from = *TRY(tensor(index));
    if (!from.has_data && !from.variable)
      return Error(Code::malformed, "reads '" + from.name + "', which no earlier node or input makes");
    const TensorId made = TRY(make(index));
    graph_[made].state = !from.has_data;
    tensors_.emplace(index, made);
    return made;
  }

  Status add_input(i32 index) {
    const tflite_file::Tensor& from = *TRY(tensor(index));
    if (tensors_.contains(index) || from.has_data)
      return Error(Code::malformed, "input '" + from.name + "' is listed twice or is a constant");
    TensorId made = TRY(make(index));
    if (from.dtype == DType::u8 && from.has_quantization) {
      // The engine computes in int8; the edge keeps the author's type.
      Tensor outside{from.name, DType::u8, from.shape, from.quantization};
      graph_[made].name += ".int8";
      const TensorId edge = graph_.add_tensor(std::move(outside));
      graph_.append({Op::sign_flip, graph_[made].name, {edge}, made});
      graph_.inputs.push_back(edge);
    } else {
      graph_.inputs.push_back(made);
    }
    tensors_.emplace(index, made);
    return {};
  }

  Status add_output(i32 index) {
    const tflite_file::Tensor& from = *TRY(tensor(index));
    const auto known = tensors_.find(index);
    if (known == tensors_.end())
      return Error(Code::malformed, "output '" + from.name + "' is made by no node");
    TensorId made = known->second;
    if (graph_[made].constant || graph_.is_input(made))
      return Error(Code::unsupported, "output '" + from.name + "' does not depend on an operator");
    if (from.dtype == DType::u8 && from.has_quantization) {
      const TensorId edge = graph_.add_tensor({from.name, DType::u8, from.shape, from.quantization});
      graph_[made].name += ".int8";
      graph_.append({Op::sign_flip, from.name, {made}, edge});
      made = edge;
    }
    if (graph_.is_output(made)) return Error(Code::malformed, "output '" + from.name + "' is listed twice");
    graph_.outputs.push_back(made);
    return {};
  }

  Status add_node(const tflite_file::Node& node) {
    const TfliteRule* rule = tflite_rule(node.name);
    if (node.name == "ethos-u")
      return Error(
          Code::unsupported,
          "a command stream of Arm's Vela compiler for an Ethos-U accelerator stands in place of the model's "
          "operators; give pipit the model from before Vela, or write an accelerator (docs/accelerators.md)");
    if (rule == nullptr)
      return Error(Code::unsupported,
                   std::string(node.code == tflite_file::kCustom ? "custom operator" : "operator") +
                       " outside the importer's table; register it with a rule in "
                       "compiler/model/import_tflite_operators.cpp and, where nn/ has no such kernel, one in "
                       "nn/kernels, or convert the model with operators of `pipit model info --operators`");
    if (node.outputs.empty()) return Error(Code::malformed, "has no output");
    std::vector<TensorId> inputs, outputs;
    for (i32 index : node.inputs) inputs.push_back(index == -1 ? TensorId{} : TRY(operand(index)));
    while (!inputs.empty() && !inputs.back().valid()) inputs.pop_back();
    if (inputs.size() < rule->fewest || inputs.size() > rule->most)
      return Error(Code::malformed, "has " + std::to_string(inputs.size()) + " inputs, needs " +
                                        std::to_string(rule->fewest) + " to " + std::to_string(rule->most));
    for (TensorId input : inputs)
      if (!rule->keeps_state && input.valid() && graph_[input].state)
        return Error(Code::unsupported,
                     "reads '" + graph_[input].name + "', which keeps state between inferences");
    for (usize i = 0; i < rule->fewest; ++i)
      if (!inputs[i].valid()) return Error(Code::malformed, "input " + std::to_string(i) + " is missing");
    for (i32 index : node.outputs) {
      const tflite_file::Tensor& from = *TRY(tensor(index));
      if (tensors_.contains(index) || from.has_data)
        return Error(Code::malformed, "'" + from.name + "' is made twice or is a constant");
      outputs.push_back(TRY(make(index)));
      tensors_.emplace(index, outputs.back());
    }
    std::string name = graph_[outputs[0]].name;
    TfliteImport import(graph_, node, std::move(name), std::move(inputs), std::move(outputs));
    import.was_unsigned = file_.tensors[static_cast<usize>(node.outputs[0])].dtype == DType::u8;
    TRY(rule->import(import));
    for (TensorId output : import.outputs)
      if (!graph_[output].producer.valid() && !graph_[output].constant)
        return Error(Code::unsupported, "its output '" + graph_[output].name + "' cannot be computed");
    return {};
  }

  tflite_file::Model file_;
  Graph graph_;
  std::map<i32, TensorId> tensors_;
  u64 constant_budget_;
};

}  // namespace

Result<Graph> import_tflite(Bytes file) {
  FlatbufferReader reader(file);
  auto model = tflite_file::parse(reader);
  if (!model.ok()) return model.take_error();
  return Importer(*std::move(model), file.size()).run();
}

}  // namespace pipit::model
