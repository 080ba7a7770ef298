#include "compiler/model/extend/custom.h"

#include <algorithm>
#include <cstring>

namespace pipit::model {
namespace {

using support::Error;
using support::Status;

pipit_tensor describe(const Tensor& tensor) {
  pipit_tensor described{static_cast<u32>(tensor.dtype), static_cast<u32>(tensor.shape.size()), {}, 0, 0};
  std::ranges::transform(tensor.shape, described.dims, [](i64 dim) { return static_cast<u32>(dim); });
  if (tensor.quantization && !tensor.quantization->per_channel() && !tensor.quantization->scales.empty()) {
    described.scale = tensor.quantization->scales[0];
    described.zero_point = tensor.quantization->zero_points.empty() ? 0 : tensor.quantization->zero_points[0];
  }
  return described;
}

/// A node as the C interface wants it. Points into itself and into the graph's node.
struct Call {
  Call(const Graph& graph, const Node& node) {
    for (TensorId input : node.inputs) inputs.push_back(describe(graph[input]));
    view = {inputs.data(), static_cast<u32>(inputs.size()),
            reinterpret_cast<const pipit_value*>(node.as<CustomAttributes>().values)};
  }
  Call(const Call&) = delete;
  std::vector<pipit_tensor> inputs;
  pipit_node view{};
};

}  // namespace

std::string custom_name(const std::string& domain, const std::string& type) {
  return domain.empty() ? type : domain + "." + type;
}

CustomAttributes custom_attributes(const pipit_operator& op) {
  CustomAttributes attributes{};
  std::strncpy(attributes.name, op.name, sizeof attributes.name - 1);
  attributes.count = op.attribute_count;
  for (u32 i = 0; i < op.attribute_count; ++i)
    std::memcpy(&attributes.values[i], &op.attributes[i].fallback, sizeof attributes.values[i]);
  return attributes;
}

Status infer_custom(Graph& graph, NodeId id) {
  const Node& node = graph[id];
  const std::string name = node.as<CustomAttributes>().name;
  const pipit_operator* op = nn::find_custom_operator(name);
  if (op == nullptr)
    return Error(Code::not_found,
                 "operator '" + name + "' is not registered; give its folder with --operators");
  if (node.inputs.size() < op->fewest_inputs || node.inputs.size() > op->most_inputs)
    return Error(Code::malformed, "has " + std::to_string(node.inputs.size()) + " inputs, needs " +
                                      std::to_string(op->fewest_inputs) + " to " +
                                      std::to_string(op->most_inputs));
  for (TensorId input : node.inputs)
    if (graph[input].shape.size() > nn::kMaxRank) return Error(Code::unsupported, "more than 8 dimensions");
  const Call call(graph, node);
  pipit_tensor output = describe(graph[node.output]);
  output = {0, 0, {}, output.scale, output.zero_point};
  if (const char* wrong = op->infer(&call.view, &output)) return Error(Code::malformed, name + ": " + wrong);
  if (output.rank > nn::kMaxRank || output.dtype > static_cast<u32>(kLastDType))
    return Error(Code::internal, name + " infers an impossible output");
  graph[node.output].dtype = static_cast<DType>(output.dtype);
  graph[node.output].shape.assign(output.dims, output.dims + output.rank);
  return {};
}

u64 custom_macs(const Graph& graph, const Node& node) {
  const pipit_operator* op = nn::find_custom_operator(node.as<CustomAttributes>().name);
  if (op == nullptr || op->macs == nullptr) return 0;
  const Call call(graph, node);
  const pipit_tensor output = describe(graph[node.output]);
  return op->macs(&call.view, &output);
}

std::string custom_text(const CustomAttributes& attributes) {
  std::string text = attributes.name;
  const pipit_operator* op = nn::find_custom_operator(attributes.name);
  for (u32 i = 0; op != nullptr && i < attributes.count && i < op->attribute_count; ++i) {
    const bool real = op->attributes[i].is_real != 0;
    char value[32];
    real ? std::snprintf(value, sizeof value, "%g", f64{std::bit_cast<f32>(attributes.values[i])})
         : std::snprintf(value, sizeof value, "%d", static_cast<i32>(attributes.values[i]));
    text += std::string(" ") + op->attributes[i].name + "=" + value;
  }
  return text;
}

}  // namespace pipit::model
