#include <algorithm>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Status;

const std::vector<u32> kToNhwc{0, 2, 3, 1};
const std::vector<u32> kToNchw{0, 3, 1, 2};

/// A tensor like `from` with its axes permuted; constants are re-ordered, a channel axis follows.
TensorId permuted_copy(Graph& graph, TensorId from, const std::vector<u32>& perm, const char* suffix) {
  const Tensor& source = graph[from];
  Tensor copy{source.name + suffix, source.dtype, permuted(source.shape, perm), source.quantization,
              source.constant};
  copy.origin = source.origin.valid() ? source.origin : from;
  if (source.constant) copy.data = permuted_data(source, perm);
  if (copy.quantization && copy.quantization->per_channel())
    for (usize i = 0; i < perm.size(); ++i)
      if (static_cast<i32>(perm[i]) == source.quantization->axis) {
        copy.quantization->axis = static_cast<i32>(i);
        break;
      }
  return graph.add_tensor(std::move(copy));
}

/// Grouped weights [O, I/group, KH, KW] spread over all input channels, zeros elsewhere.
TensorId dense_weights(Graph& graph, TensorId id, i64 group) {
  const Tensor& grouped = graph[id];
  Tensor dense = grouped;
  dense.shape[1] *= group;
  const usize element = dtype_bytes(dense.dtype);
  const usize run = static_cast<usize>(grouped.shape[1] * grouped.shape[2] * grouped.shape[3]) * element;
  const i64 per_group = grouped.shape[0] / group;
  dense.data.assign(grouped.data.size() * static_cast<usize>(group), 0);
  for (i64 o = 0; o < grouped.shape[0]; ++o) {
    const usize place = static_cast<usize>(o * group + o / per_group);
    std::copy_n(grouped.data.begin() + static_cast<std::ptrdiff_t>(static_cast<usize>(o) * run), run,
                dense.data.begin() + static_cast<std::ptrdiff_t>(place * run));
  }
  return graph.add_tensor(std::move(dense));
}

Status convert_weights(Graph& graph, NodeId id) {
  Node& node = graph[id];
  auto& conv = node.as<ConvAttributes>();
  if (!graph[node.inputs[1]].constant || !graph[node.inputs[2]].constant)
    return Error(Code::unsupported, graph.describe(id) + ": weights and bias must be constants");
  const i64 channels = graph[node.inputs[0]].shape[1];
  if (conv.group > 1 && conv.group == channels) {
    node.op = Op::depthwise_conv;  // [O,1,KH,KW] → [1,KH,KW,O]
    node.inputs[1] = permuted_copy(graph, node.inputs[1], {1, 2, 3, 0}, "");
    return {};
  }
  if (conv.group > 1) {
    if (graph[node.inputs[1]].data.size() > (usize{64} << 20) / conv.group)
      return Error(Code::unsupported, graph.describe(id) + ": grouped weights grow beyond 64 MiB");
    node.inputs[1] = dense_weights(graph, node.inputs[1], conv.group);
  }
  conv.group = 1;
  node.inputs[1] = permuted_copy(graph, node.inputs[1], kToNhwc, "");
  return {};
}

bool is_image_operator(Op op) {
  return op == Op::conv || op == Op::max_pool || op == Op::average_pool || op == Op::global_average_pool;
}

/// A sum or product with one value per channel [C,1,1], which repeats only where channels come last.
bool is_per_channel(const Graph& graph, const Node& node) {
  if (node.op != Op::add && node.op != Op::mul) return false;
  const Shape& a = graph[node.inputs[0]].shape;
  const Shape& b = graph[node.inputs[1]].shape;
  const bool known = graph[node.inputs[1]].constant ? b.size() <= 4 : b.size() == 4;
  return a.size() == 4 && known && graph[node.output].shape == a && !repeats_along(a, b);
}

/// The second operand in NHWC: constants re-ordered, activations behind a transpose.
Status convert_operand(Graph& graph, NodeId id) {
  Node& node = graph[id];
  const TensorId operand = node.inputs[1];
  if (graph[operand].constant) {
    Tensor full = graph[operand];
    full.shape.insert(full.shape.begin(), 4 - full.shape.size(), 1);
    node.inputs[1] = permuted_copy(graph, graph.add_tensor(std::move(full)), kToNhwc, "");
    return {};
  }
  if (graph[operand].shape.size() != 4)
    return Error(Code::unsupported, graph.describe(id) + ": the second operand must have four dimensions");
  const TensorId moved = permuted_copy(graph, operand, kToNhwc, ".nhwc");
  graph.insert_before(
      id, {Op::transpose, node.name + ".operand", {operand}, moved, TransposeAttributes{kToNhwc}});
  node.inputs[1] = moved;
  return {};
}

}  // namespace

bool repeats_along(const Shape& a, const Shape& b) {
  const auto first = std::find_if(b.begin(), b.end(), [](i64 dim) { return dim != 1; });
  const auto tail = static_cast<usize>(b.end() - first);
  return tail <= a.size() && std::equal(first, b.end(), a.end() - static_cast<std::ptrdiff_t>(tail));
}

Status layout_nhwc(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    Node& node = graph[id];
    const bool per_channel = is_per_channel(graph, node);
    if (!is_image_operator(node.op) && !per_channel) continue;
    if (node.op == Op::conv) TRY(convert_weights(graph, id));
    if (per_channel) TRY(convert_operand(graph, id));
    const TensorId input = node.inputs[0], output = node.output;
    const TensorId x = permuted_copy(graph, input, kToNhwc, ".nhwc");
    const TensorId y = permuted_copy(graph, output, kToNhwc, ".nhwc");
    graph.insert_before(id, {Op::transpose, node.name + ".nhwc", {input}, x, TransposeAttributes{kToNhwc}});
    node.inputs[0] = x;
    graph.set_output(id, y);
    graph.insert_after(id, {Op::transpose, node.name + ".nchw", {y}, output, TransposeAttributes{kToNchw}});
  }
  graph.channels_last = true;
  return {};
}

}  // namespace pipit::model
