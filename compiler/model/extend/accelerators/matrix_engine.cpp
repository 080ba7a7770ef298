// The worked example of docs/accelerators.md: an int8 convolution engine behind memory-mapped registers.
#include <algorithm>
#include <cstring>

#include "compiler/model/emit_attributes.h"
#include "compiler/model/extend/accelerator.h"
#include "nn/format.h"

namespace pipit::model {
namespace {

using support::Result;

/// Products per output value: every dimension of the weights but the first.
i64 depth_of(const Graph& graph, const Node& node) {
  const Shape& shape = graph[node.inputs[1]].shape;
  i64 depth = 1;
  for (usize axis = 1; axis < shape.size(); ++axis) depth *= shape[axis];
  return depth;
}

const char* refuses(const Graph& graph, std::span<const NodeId> chain, const TargetAttributes& attributes) {
  const Node& node = graph[chain[0]];
  const Tensor& weights = graph[node.inputs[1]];
  if (graph[node.output].dtype != DType::i8) return "not int8";
  if (!weights.constant) return "weights computed at run time";
  if (const auto& q = weights.quantization;
      q && std::ranges::any_of(q->zero_points, [](i32 zero) { return zero != 0; }))
    return "weights with a zero point";
  if (node.op == Op::fully_connected && graph[node.inputs[0]].shape.size() != 2)
    return "input is not of rank 2";
  if (node.op == Op::fully_connected && graph[node.output].shape.size() != 2)
    return "output is not of rank 2";
  if (depth_of(graph, node) > attributes.at("depth")) return "more products per value than the engine sums";
  if (weights.shape[0] > attributes.at("channels")) return "more output channels than the engine has";
  return nullptr;
}

/// Folded bias and rescale pairs are those of the engine's own int8 operators, so that results are the same
/// bits.
Result<std::vector<TensorId>> operands(Graph& graph, const Node& node) {
  IntegerLayer layer = TRY(integer_layer(graph, node));
  layer.bias.name = node.name + "_bias";
  layer.rescale.name = node.name + "_rescale";
  const std::vector<TensorId> inputs = {node.inputs[0], node.inputs[1]};
  const TensorId bias = graph.add_tensor(std::move(layer.bias));
  const TensorId rescale = graph.add_tensor(std::move(layer.rescale));
  return std::vector<TensorId>{inputs[0], inputs[1], bias, rescale};
}

Result<Offload> offload_conv(Graph& graph, std::span<const NodeId> chain, const TargetAttributes&) {
  const Node& node = graph[chain[0]];
  const std::vector<u8> encoded = TRY(encode_attributes(graph, node));
  nn::format::Conv2dAttributes conv;
  std::memcpy(&conv, encoded.data(), sizeof conv);
  const auto& w = conv.window;
  return Offload{TRY(operands(graph, node)),
                 {w.stride_h, w.stride_w, w.dilation_h, w.dilation_w, w.pad_top, w.pad_bottom, w.pad_left,
                  w.pad_right, conv.clamp.low, conv.clamp.high}};
}

Result<Offload> offload_dense(Graph& graph, std::span<const NodeId> chain, const TargetAttributes&) {
  const Node& node = graph[chain[0]];
  const std::vector<u8> encoded = TRY(encode_attributes(graph, node));
  nn::format::ClampAttributes dense;
  std::memcpy(&dense, encoded.data(), sizeof dense);
  return Offload{TRY(operands(graph, node)), {1, 1, 1, 1, 0, 0, 0, 0, dense.clamp.low, dense.clamp.high}};
}

}  // namespace

const Accelerator kMatrixEngine = {
    .name = "matrix-engine",
    .summary = "int8 convolutions and fully connected layers on a memory-mapped engine",
    .attributes = {{"depth", 65536, 1, 65536, "products that the engine sums for one value"},
                   {"channels", 4096, 1, 65536, "output channels of one layer"}},
    .passes = {},
    .patterns = {{"convolution", {Op::conv}, 10, refuses, offload_conv},
                 {"fully connected", {Op::fully_connected}, 10, refuses, offload_dense}},
    .driver_operator = "matrix_engine.layer",
    .driver_folder = "examples/accelerators/matrix-engine",
    .code = {{"matrix_engine.h"}, {"driver.c"}},
};

}  // namespace pipit::model
