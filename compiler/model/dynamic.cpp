#include "compiler/model/dynamic.h"

#include <algorithm>
#include <cmath>

#include "compiler/model/quantized.h"
#include "nn/format.h"

namespace pipit::model {
namespace {

/// Depthwise weights have the output channel last, all others first.
bool channel_last(Op op) { return op == Op::depthwise_conv; }

Op dynamic_op(Op op) {
  switch (op) {
    case Op::conv: return Op::dynamic_conv;
    case Op::depthwise_conv: return Op::dynamic_depthwise_conv;
    default: return Op::dynamic_fully_connected;
  }
}

/// Index of the output channel that element `i` of the weights belongs to.
usize channel_of(Op op, usize i, usize channels, usize count) {
  return channel_last(op) ? i % channels : i / (count / channels);
}

TensorId quantized_weights(Graph& graph, const Node& node) {
  const Tensor& from = graph[node.inputs[1]];
  const std::vector<f32> values = constant_floats(from);
  const usize channels = static_cast<usize>(element_count(graph[node.inputs[2]].shape));
  Quantization q{std::vector<f32>(channels, 0), std::vector<i32>(channels, 0),
                 channel_last(node.op) ? static_cast<i32>(from.shape.size()) - 1 : 0};
  for (usize i = 0; i < values.size(); ++i) {
    f32& largest = q.scales[channel_of(node.op, i, channels, values.size())];
    largest = std::max(largest, std::fabs(values[i]));
  }
  for (f32& scale : q.scales) scale = scale > 1e-30f ? scale / 127 : 1;
  std::vector<i8> integers;
  for (usize i = 0; i < values.size(); ++i)
    integers.push_back(static_cast<i8>(
        std::clamp(std::nearbyint(values[i] / q.scales[channel_of(node.op, i, channels, values.size())]),
                   -127.0f, 127.0f)));
  const TensorId made = graph.add_constant(from.name + ".int8", DType::i8, from.shape, integers);
  graph[made].quantization = q;
  return made;
}

/// Scales and integers of an activation; those of an earlier layer that reads it in the same way.
struct Quantized {
  TensorId integers, rows;
};
Quantized quantize_activation(Graph& graph, NodeId before, TensorId x, i64 rows, bool symmetric) {
  for (NodeId reader : graph.consumers(x)) {
    const Node& node = graph[reader];
    if (node.op != Op::dynamic_quantize || node.inputs[0] != x) continue;
    const Node& scale = graph[graph[node.inputs[1]].producer];
    if (scale.as<DynamicAttributes>().symmetric == symmetric && graph[node.inputs[1]].shape[0] == rows)
      return {node.output, node.inputs[1]};
  }
  const std::string name = graph[x].name;
  const TensorId scales = graph.add_tensor({name + ".scales", DType::f32, {rows, 2}});
  graph.insert_before(before,
                      {Op::dynamic_scale, name + ".scales", {x}, scales, DynamicAttributes{symmetric}});
  const TensorId integers = graph.add_tensor({name + ".int8", DType::i8, graph[x].shape});
  graph.insert_before(before, {Op::dynamic_quantize, name + ".int8", {x, scales}, integers});
  return {integers, scales};
}

}  // namespace

void make_dynamic(Graph& graph, NodeId layer, TensorId weights, bool symmetric) {
  Node& node = graph[layer];
  const TensorId x = node.inputs[0], bias = node.inputs[2];
  const i64 channels = element_count(graph[bias].shape);
  const bool matrix = node.op == Op::fully_connected;
  const i64 rows = matrix ? element_count(graph[x].shape) / graph[weights].shape[1] : graph[x].shape[0];
  std::vector<f32> scales = quantization_of(graph[weights]).scales;
  scales.resize(static_cast<usize>(channels), scales[0]);
  const std::vector<i64> values = constant_ints(graph[weights]);
  std::vector<i32> sums(static_cast<usize>(channels), 0);
  for (usize i = 0; i < values.size(); ++i)
    sums[channel_of(node.op, i, sums.size(), values.size())] += static_cast<i32>(values[i]);
  const Quantized input = quantize_activation(graph, layer, x, rows, symmetric);
  const TensorId scale = graph.add_constant(node.name + ".weight_scales", DType::f32, {channels}, scales);
  const TensorId sum = graph.add_constant(node.name + ".weight_sums", DType::i32, {channels}, sums);
  Node& changed = graph[layer];
  changed.op = dynamic_op(changed.op);
  changed.inputs = {input.integers, weights, bias, scale, sum, input.rows};
}

u32 quantize_dynamic(Graph& graph) {
  u32 changed = 0;
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& node = graph[id];
    if (node.op != Op::conv && node.op != Op::depthwise_conv && node.op != Op::fully_connected) continue;
    const Tensor& weights = graph[node.inputs[1]];
    const bool fits = graph[node.inputs[0]].dtype == DType::f32 && weights.dtype == DType::f32 &&
                      weights.constant && graph[node.inputs[2]].constant;
    const u64 accumulation =
        weights.data.size() / 4 / std::max<usize>(1, graph[node.inputs[2]].data.size() / 4);
    if (!fits || accumulation > nn::format::kMaxAccumulation / 2) continue;
    make_dynamic(graph, id, quantized_weights(graph, node), false);
    ++changed;
  }
  return changed;
}

}  // namespace pipit::model
