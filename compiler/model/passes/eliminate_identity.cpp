#include <algorithm>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

/// Whether a permutation only moves dimensions of 1, so that the bytes stay as they are.
bool keeps_order(const Shape& shape, const std::vector<u32>& perm) {
  std::vector<u32> moving;
  for (u32 axis : perm)
    if (shape[axis] != 1) moving.push_back(axis);
  return std::is_sorted(moving.begin(), moving.end());
}

void become_reshape(Graph& graph, Node& node) {
  node.op = Op::reshape;
  node.attributes = ReshapeAttributes{graph[node.output].shape};
}

/// transpose(transpose(x)) → one transpose.
void merge_transposes(Graph& graph, Node& node) {
  while (const Node* before = graph.produced_by(node.inputs[0], Op::transpose)) {
    const auto& first = before->as<TransposeAttributes>().perm;
    auto& perm = node.as<TransposeAttributes>().perm;
    for (u32& axis : perm) axis = first[axis];
    node.inputs[0] = before->inputs[0];
  }
}

/// Zeros padded around height and width become the convolution's own padding.
bool pad_into_conv(Graph& graph, NodeId id) {
  const Node& node = graph[id];
  const auto& pad = node.as<PadAttributes>();
  if (pad.value != 0 || pad.before.size() != 4 || graph[node.output].dtype != DType::f32) return false;
  if (pad.before[0] + pad.before[1] + pad.after[0] + pad.after[1] != 0) return false;
  const NodeId reader = graph.sole_consumer(node.output);
  if (!reader.valid() || graph[reader].op != Op::conv) return false;
  Window& window = graph[reader].as<ConvAttributes>().window;
  for (usize i = 0; i < 2; ++i) {
    const i64 begin = window.pad_begin[i] + pad.before[2 + i], end = window.pad_end[i] + pad.after[2 + i];
    if (begin > 65535 || end > 65535) return false;
  }
  for (usize i = 0; i < 2; ++i) {
    window.pad_begin[i] += static_cast<u32>(pad.before[2 + i]);
    window.pad_end[i] += static_cast<u32>(pad.after[2 + i]);
  }
  graph[reader].inputs[0] = node.inputs[0];
  graph.erase(id);
  return true;
}

/// Whether the node now passes its input through unchanged.
bool changes_nothing(Graph& graph, Node& node) {
  switch (node.op) {
    case Op::identity: return true;
    case Op::transpose:
      merge_transposes(graph, node);
      if (!keeps_order(graph[node.inputs[0]].shape, node.as<TransposeAttributes>().perm)) return false;
      become_reshape(graph, node);
      [[fallthrough]];
    case Op::reshape:
      while (const Node* before = graph.produced_by(node.inputs[0], Op::reshape))
        node.inputs[0] = before->inputs[0];
      return graph[node.inputs[0]].shape == graph[node.output].shape;
    case Op::clamp: return node.clamp.none();
    case Op::pad: {
      const auto& pad = node.as<PadAttributes>();
      const auto zero = [](i64 value) { return value == 0; };
      return std::all_of(pad.before.begin(), pad.before.end(), zero) &&
             std::all_of(pad.after.begin(), pad.after.end(), zero);
    }
    default: return false;
  }
}

}  // namespace

support::Status eliminate_identity(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    Node& node = graph[id];
    if (node.op == Op::pad && pad_into_conv(graph, id)) continue;
    if (!changes_nothing(graph, node)) continue;
    if (graph.replace_uses(node.output, node.inputs[0]))
      graph.erase(id);
    else
      become_reshape(graph, node);  // an output that is an input still needs an operator that copies it
  }
  return {};
}

}  // namespace pipit::model
