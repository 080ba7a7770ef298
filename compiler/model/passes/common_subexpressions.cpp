#include <cstring>
#include <map>
#include <string>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

void append(std::string& key, const void* data, usize size) {
  key.append(static_cast<const char*>(data), size);
}
template <class T>
void append(std::string& key, const T& value) {
  append(key, &value, sizeof value);
}
template <class T>
void append_all(std::string& key, const std::vector<T>& values) {
  append(key, values.size());
  append(key, values.data(), values.size() * sizeof(T));
}

void append_quantization(std::string& key, const Quantization& q) {
  append_all(key, q.scales);
  append_all(key, q.zero_points);
  append(key, q.axis);
}

void append_window(std::string& key, const Window& w) {
  for (const auto* pair : {&w.kernel, &w.stride, &w.dilation, &w.pad_begin, &w.pad_end}) append(key, *pair);
}

/// Attributes as bytes: two of one kind are equal exactly where these are.
struct AttributeKey {
  std::string& key;
  void operator()(const std::monostate&) const {}
  void operator()(const ConvAttributes& a) const {
    append_window(key, a.window);
    append(key, a.group);
  }
  void operator()(const PoolAttributes& a) const {
    append_window(key, a.window);
    key += static_cast<char>(a.count_include_pad | a.ceil_mode << 1 | a.round_half_up << 2);
  }
  void operator()(const GemmAttributes& a) const {
    append(key, a.alpha);
    append(key, a.beta);
    key += static_cast<char>(a.transpose_a | a.transpose_b << 1);
  }
  void operator()(const BatchNormAttributes& a) const { append(key, a.epsilon); }
  void operator()(const AxisAttributes& a) const { append(key, a.axis); }
  void operator()(const AxesAttributes& a) const {
    append_all(key, a.axes);
    key += static_cast<char>(a.keep_dims);
  }
  void operator()(const TransposeAttributes& a) const { append_all(key, a.perm); }
  void operator()(const ReshapeAttributes& a) const { append_all(key, a.shape); }
  void operator()(const PadAttributes& a) const {
    append_all(key, a.before);
    append_all(key, a.after);
    append(key, a.value);
  }
  void operator()(const SliceAttributes& a) const {
    append_all(key, a.begin);
    append_all(key, a.end);
    append_all(key, a.step);
  }
  void operator()(const CastAttributes& a) const { append(key, a.to); }
  void operator()(const QuantizeAttributes& a) const {
    append_quantization(key, a.quantization);
    append(key, a.integer);
  }
  void operator()(const DynamicAttributes& a) const { append(key, a.symmetric); }
  void operator()(const LeakyReluAttributes& a) const { append(key, a); }
  void operator()(const SvdfAttributes& a) const { append(key, a); }
  void operator()(const LstmAttributes& a) const { append(key, a); }
  void operator()(const GeneralAttributes& a) const { append(key, a); }
  void operator()(const CustomAttributes& a) const { append(key, a); }
};

std::string key_of(const Node& node) {
  std::string key;
  append(key, node.op);
  append(key, node.clamp);
  append(key, node.inputs.size());
  for (TensorId input : node.inputs) append(key, input.index);
  append(key, static_cast<u32>(node.attributes.index()));
  std::visit(AttributeKey{key}, node.attributes);
  return key;
}

std::string key_of(const Tensor& constant) {
  std::string key;
  append(key, constant.dtype);
  append_all(key, constant.shape);
  append(key, constant.quantization.has_value());
  if (constant.quantization) append_quantization(key, *constant.quantization);
  append_all(key, constant.data);
  return key;
}

/// Equal constants become one. Large ones are told apart by their bytes anyway, so that only those read are
/// compared.
void merge_constants(Graph& graph) {
  std::map<std::string, TensorId> seen;
  std::map<u32, TensorId> kept;
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order)
    for (TensorId& input : graph[id].inputs) {
      // Lowering gives an integer constant the scale of the node that dequantises it: equal bytes of two
      // scales stay two constants.
      if (!input.valid() || !graph[input].constant || graph[id].op == Op::dequantize) continue;
      const auto known = kept.find(input.index);
      if (known == kept.end())
        input =
            kept.emplace(input.index, seen.emplace(key_of(graph[input]), input).first->second).first->second;
      else
        input = known->second;
    }
}

}  // namespace

support::Status common_subexpressions(Graph& graph) {
  merge_constants(graph);
  std::map<std::string, NodeId> seen;
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto [first, added] = seen.emplace(key_of(graph[id]), id);
    if (added || graph[graph[first->second].output].dtype != graph[graph[id].output].dtype) continue;
    if (graph.replace_uses(graph[id].output, graph[first->second].output)) graph.erase(id);
  }
  return {};
}

}  // namespace pipit::model
