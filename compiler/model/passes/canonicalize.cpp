#include <algorithm>
#include <cmath>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

Error unsupported(const Graph& graph, NodeId id, const std::string& text) {
  return Error(Code::unsupported, graph.describe(id) + ": " + text);
}

/// A matrix of weights with its axes swapped, through a Dequantize where there is one.
Result<TensorId> transposed_weights(Graph& graph, NodeId at, TensorId id) {
  const Node* dequantize = graph.produced_by(id, Op::dequantize);
  const Tensor& source = graph[dequantize ? dequantize->inputs[0] : id];
  if (!source.constant) return unsupported(graph, at, "its weights are computed at run time");
  Tensor swapped{source.name + ".transposed", source.dtype, permuted(source.shape, {1, 0})};
  swapped.constant = true;
  swapped.data = permuted_data(source, {1, 0});
  const TensorId constant = graph.add_tensor(swapped);
  if (dequantize == nullptr) return constant;
  QuantizeAttributes attributes = dequantize->as<QuantizeAttributes>();
  if (attributes.quantization.per_channel()) attributes.quantization.axis = 1 - attributes.quantization.axis;
  const TensorId real = graph.add_tensor({graph[id].name + ".transposed", DType::f32, swapped.shape});
  graph.insert_before(at, {Op::dequantize, dequantize->name + ".transposed", {constant}, real, attributes});
  return real;
}

bool is_weight(const Graph& graph, TensorId id) {
  if (graph[id].constant) return true;
  const Node* dequantize = graph.produced_by(id, Op::dequantize);
  return dequantize != nullptr && graph[dequantize->inputs[0]].constant;
}

/// A float constant multiplied by a number.
Result<TensorId> scaled(Graph& graph, NodeId at, TensorId id, f32 factor) {
  if (factor == 1) return id;
  if (!graph[id].constant || graph[id].dtype != DType::f32)
    return unsupported(graph, at, "alpha or beta other than 1 on quantised weights");
  std::vector<f32> values = constant_floats(graph[id]);
  for (f32& value : values) value *= factor;
  return graph.add_constant(graph[id].name + ".scaled", DType::f32, graph[id].shape, values);
}

TensorId zero_bias(Graph& graph, const std::string& name, i64 channels) {
  return graph.add_constant(name + ".bias", DType::f32, {channels},
                            std::vector<f32>(static_cast<usize>(channels), 0.0f));
}

/// A bias as one element per output: broadcasts a row or scalar. Quantised biases must have that shape
/// already.
Result<TensorId> row_bias(Graph& graph, NodeId at, TensorId id, i64 channels) {
  if (graph[id].shape == Shape{channels}) return id;
  if (!graph[id].constant || graph[id].dtype != DType::f32)
    return unsupported(graph, at, "its bias is no constant row");
  std::vector<f32> values = constant_floats(graph[id]);
  if (values.size() == 1) values.assign(static_cast<usize>(channels), values[0]);
  if (values.size() != static_cast<usize>(channels)) return unsupported(graph, at, "its bias is no row");
  return graph.add_constant(graph[id].name + ".row", DType::f32, {channels}, values);
}

Status canonicalize_gemm(Graph& graph, NodeId id) {
  Node& node = graph[id];
  const auto gemm = node.as<GemmAttributes>();
  if (!is_weight(graph, node.inputs[1]))
    return unsupported(graph, id, "its second matrix is computed at run time");
  if (gemm.transpose_a) {
    const Shape& shape = graph[node.inputs[0]].shape;
    const TensorId swapped = graph.add_tensor({node.name + ".a", DType::f32, permuted(shape, {1, 0})});
    graph.insert_before(
        id, {Op::transpose, node.name + ".a", {node.inputs[0]}, swapped, TransposeAttributes{{1, 0}}});
    node.inputs[0] = swapped;
  }
  TensorId weights = TRY(scaled(graph, id, node.inputs[1], gemm.alpha));
  if (!gemm.transpose_b) weights = TRY(transposed_weights(graph, id, weights));
  const i64 channels = graph[weights].shape[0];
  const bool biased = node.inputs.size() > 2 && node.inputs[2].valid();
  TensorId bias = zero_bias(graph, node.name, channels);
  if (biased) bias = TRY(row_bias(graph, id, TRY(scaled(graph, id, node.inputs[2], gemm.beta)), channels));
  node.op = Op::fully_connected;
  node.inputs = {node.inputs[0], weights, bias};
  node.attributes = {};
  return {};
}

Status canonicalize_matmul(Graph& graph, NodeId id) {
  Node& node = graph[id];
  if (!is_weight(graph, node.inputs[1]))
    return unsupported(graph, id, "its second matrix is computed at run time");
  const TensorId weights = TRY(transposed_weights(graph, id, node.inputs[1]));
  node.op = Op::fully_connected;
  node.inputs = {node.inputs[0], weights, zero_bias(graph, node.name, graph[weights].shape[0])};
  return {};
}

/// Adding a constant per channel after a layer is its bias.
bool absorb_bias(Graph& graph, NodeId id) {
  const Node node = graph[id];
  const NodeId producer = graph[node.inputs[0]].producer;
  if (!producer.valid() || !graph[node.inputs[1]].constant || graph.sole_consumer(node.inputs[0]) != id)
    return false;
  Node& layer = graph[producer];
  if ((layer.op != Op::conv && layer.op != Op::fully_connected) || !layer.clamp.none()) return false;
  const Shape& out = graph[node.output].shape;
  if (out != graph[layer.output].shape || !graph[layer.inputs[2]].constant ||
      graph[layer.inputs[2]].dtype != DType::f32)
    return false;
  const usize axis = layer.op == Op::conv ? 1 : out.size() - 1;
  Shape shape = graph[node.inputs[1]].shape;
  if (shape.size() > out.size()) return false;
  shape.insert(shape.begin(), out.size() - shape.size(), 1);
  for (usize i = 0; i < shape.size(); ++i)
    if (shape[i] != 1 && (i != axis || shape[i] != out[axis])) return false;
  std::vector<f32> bias = constant_floats(graph[layer.inputs[2]]);
  const std::vector<f32> added = constant_floats(graph[node.inputs[1]]);
  for (usize i = 0; i < bias.size(); ++i) bias[i] += added[added.size() == 1 ? 0 : i];
  layer.inputs[2] = graph.add_constant(graph[layer.inputs[2]].name, DType::f32, {out[axis]}, bias);
  graph.erase(id);
  graph.set_output(producer, node.output);
  return true;
}

Status canonicalize_add(Graph& graph, NodeId id) {
  Node& node = graph[id];
  // The second operand is the one that repeats.
  if (graph[node.inputs[0]].constant ||
      element_count(graph[node.inputs[0]].shape) < element_count(graph[node.inputs[1]].shape))
    std::swap(node.inputs[0], node.inputs[1]);
  if (node.op == Op::add) absorb_bias(graph, id);
  return {};
}

/// x − c and x ÷ c as x + (−c) and x × (1 ÷ c).
Status canonicalize_inverse(Graph& graph, NodeId id) {
  Node& node = graph[id];
  std::vector<f32> values = constant_floats(graph[node.inputs[1]]);
  if (values.empty() || graph[node.inputs[1]].dtype != DType::f32) return {};  // generalize() takes it
  const bool sub = node.op == Op::sub;
  for (f32& value : values) value = sub ? -value : 1.0f / value;
  node.inputs[1] = graph.add_constant(graph[node.inputs[1]].name + ".inverse", DType::f32,
                                      graph[node.inputs[1]].shape, values);
  node.op = sub ? Op::add : Op::mul;
  return canonicalize_add(graph, id);
}

Status canonicalize_reduce_mean(Graph& graph, NodeId id) {
  Node& node = graph[id];
  const auto attributes = node.as<AxesAttributes>();
  const Shape& from = graph[node.inputs[0]].shape;
  if (from.size() != 4 || attributes.axes != std::vector<i64>{2, 3}) return {};  // generalize() takes it
  node.op = Op::global_average_pool;
  node.attributes = {};
  if (attributes.keep_dims) return {};
  const TensorId pooled = graph.add_tensor({node.name + ".pooled", DType::f32, {from[0], from[1], 1, 1}});
  const TensorId output = node.output;
  const ReshapeAttributes shape{graph[output].shape};
  graph.set_output(id, pooled);
  graph.insert_after(id, {Op::reshape, node.name + ".squeeze", {pooled}, output, shape});
  return {};
}

/// An average over exactly the image is a global one.
Status canonicalize_average_pool(Graph& graph, NodeId id) {
  Node& node = graph[id];
  const auto& pool = node.as<PoolAttributes>();
  const Shape& x = graph[node.inputs[0]].shape;
  const std::array<u32, 2> none{0, 0};
  if (pool.window.kernel[0] == x[2] && pool.window.kernel[1] == x[3] && pool.window.pad_begin == none &&
      pool.window.pad_end == none && pool.window.dilation == std::array<u32, 2>{1, 1}) {
    node.op = Op::global_average_pool;
    node.attributes = {};
  }
  return {};
}

/// Softmax over another axis than the last: with that axis moved to the end and back.
Status canonicalize_softmax(Graph& graph, NodeId id) {
  Node& node = graph[id];
  const Shape& shape = graph[node.inputs[0]].shape;
  const usize axis = static_cast<usize>(node.as<AxisAttributes>().axis);
  if (axis + 1 == shape.size()) return {};
  TransposeAttributes swap;
  for (u32 i = 0; i < shape.size(); ++i) swap.perm.push_back(i);
  std::swap(swap.perm[axis], swap.perm.back());
  const Shape moved = permuted(shape, swap.perm);
  const TensorId before = graph.add_tensor({node.name + ".moved", DType::f32, moved});
  const TensorId after = graph.add_tensor({node.name + ".softmax", DType::f32, moved});
  const TensorId output = node.output;
  graph.insert_before(id, {Op::transpose, node.name + ".move", {node.inputs[0]}, before, swap});
  node.inputs[0] = before;
  node.attributes = AxisAttributes{static_cast<i64>(shape.size()) - 1};
  graph.set_output(id, after);
  graph.insert_after(id, {Op::transpose, node.name + ".back", {after}, output, swap});
  return {};
}

Status canonicalize_conv(Graph& graph, NodeId id) {
  Node& node = graph[id];
  if (!is_weight(graph, node.inputs[1]))
    return unsupported(graph, id, "its weights are computed at run time");
  if (node.inputs.size() < 3)
    node.inputs.push_back(zero_bias(graph, node.name, graph[node.inputs[1]].shape[0]));
  if (!is_weight(graph, node.inputs[2])) return unsupported(graph, id, "its bias is computed at run time");
  return {};
}

Status canonicalize_node(Graph& graph, NodeId id) {
  switch (graph[id].op) {
    case Op::conv: return canonicalize_conv(graph, id);
    case Op::gemm: return canonicalize_gemm(graph, id);
    case Op::matmul: return canonicalize_matmul(graph, id);
    case Op::add:
    case Op::mul: return canonicalize_add(graph, id);
    case Op::sub:
    case Op::div: return canonicalize_inverse(graph, id);
    case Op::reduce_mean: return canonicalize_reduce_mean(graph, id);
    case Op::average_pool: return canonicalize_average_pool(graph, id);
    case Op::softmax: return canonicalize_softmax(graph, id);
    default: return {};
  }
}

}  // namespace

Status canonicalize(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) TRY(canonicalize_node(graph, id));
  return {};
}

}  // namespace pipit::model
