// The way back from TensorFlow Lite's layout to ONNX's, for what works on canonical graphs.
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Status;

const std::vector<u32> kToNhwc{0, 2, 3, 1};
const std::vector<u32> kToNchw{0, 3, 1, 2};

/// A constant with its axes permuted.
TensorId permuted_weights(Graph& graph, TensorId id, const std::vector<u32>& perm) {
  const Tensor& from = graph[id];
  Tensor weights{from.name, from.dtype, permuted(from.shape, perm), {}, true};
  weights.data = permuted_data(from, perm);
  return graph.add_tensor(std::move(weights));
}

/// Behind a reshape where its shape is another.
TensorId reshaped_before(Graph& graph, NodeId id, TensorId from, const Shape& shape) {
  if (graph[from].shape == shape) return from;
  const std::string name = graph[id].name + ".matrix";
  const TensorId made = graph.add_tensor({name, DType::f32, shape});
  graph.insert_before(id, {Op::reshape, name, {from}, made, ReshapeAttributes{shape}});
  return made;
}
/// Gives a node an output of another shape, reshaped to what its readers expect.
void reshape_after(Graph& graph, NodeId id, const Shape& shape) {
  const TensorId output = graph[id].output;
  if (graph[output].shape == shape) return;
  const std::string name = graph[id].name + ".own";
  const TensorId own = graph.add_tensor({name, DType::f32, shape});
  graph.set_output(id, own);
  graph.insert_after(id, {Op::reshape, name, {own}, output, ReshapeAttributes{graph[output].shape}});
}

void convert_weights(Graph& graph, NodeId id) {
  const bool depthwise = graph[id].op == Op::depthwise_conv;  // [1,KH,KW,O] → [O,1,KH,KW], else OHWI → OIHW
  const std::vector<u32> perm = depthwise ? std::vector<u32>{3, 0, 1, 2} : kToNchw;
  const TensorId weights = permuted_weights(graph, graph[id].inputs[1], perm);
  const i64 channels = graph[graph[id].inputs[0]].shape[3];
  graph[id].inputs[1] = weights;
  graph[id].as<ConvAttributes>().group = depthwise ? static_cast<u32>(channels) : 1;
  graph[id].op = Op::conv;
}

void convert_image_operator(Graph& graph, NodeId id) {
  if (graph[id].op == Op::conv || graph[id].op == Op::depthwise_conv) convert_weights(graph, id);
  const std::string name = graph[id].name;
  const TensorId input = graph[id].inputs[0];
  if (graph[id].op == Op::global_average_pool) {
    const Shape image = graph[input].shape;
    reshape_after(graph, id, {image[0], 1, 1, image[3]});
  }
  const TensorId output = graph[id].output;
  const TensorId x = graph.add_tensor({name + ".x", DType::f32, permuted(graph[input].shape, kToNchw)});
  const TensorId y = graph.add_tensor({name + ".y", DType::f32, permuted(graph[output].shape, kToNchw)});
  graph.insert_before(id, {Op::transpose, name + ".nchw", {input}, x, TransposeAttributes{kToNchw}});
  graph[id].inputs[0] = x;
  graph.set_output(id, y);
  graph.insert_after(id, {Op::transpose, name + ".nhwc", {y}, output, TransposeAttributes{kToNhwc}});
}

/// x of any shape becomes a matrix.
void convert_fully_connected(Graph& graph, NodeId id) {
  const TensorId input = graph[id].inputs[0];
  const Shape weights = graph[graph[id].inputs[1]].shape;
  const i64 rows = element_count(graph[input].shape) / weights[1];
  const TensorId matrix = reshaped_before(graph, id, input, {rows, weights[1]});
  graph[id].inputs[0] = matrix;
  reshape_after(graph, id, {rows, weights[0]});
}

Status check_float(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  bool is_float = graph[node.output].dtype == DType::f32;
  for (TensorId input : node.inputs) is_float = is_float && graph[input].dtype == DType::f32;
  if (is_float) return {};
  return Error(Code::unsupported, graph.describe(id) + ": not in float; only a float model can be quantised");
}

}  // namespace

Status layout_nchw(Graph& graph) {
  for (NodeId id : graph.order()) TRY(check_float(graph, id));
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) switch (graph[id].op) {
      case Op::conv:
      case Op::depthwise_conv:
      case Op::max_pool:
      case Op::average_pool:
      case Op::global_average_pool: convert_image_operator(graph, id); break;
      case Op::fully_connected: convert_fully_connected(graph, id); break;
      default: break;
    }
  graph.channels_last = false;
  return {};
}

}  // namespace pipit::model
