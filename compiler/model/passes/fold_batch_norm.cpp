#include <cmath>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Status;

/// y = factor × x + offset, per channel.
struct Affine {
  std::vector<f32> factor, offset;
};

support::Result<Affine> affine_of(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  std::vector<f32> p[4];
  for (usize i = 0; i < 4; ++i) {
    p[i] = constant_floats(graph[node.inputs[i + 1]]);
    if (p[i].empty())
      return Error(Code::unsupported, graph.describe(id) + ": its parameters are computed at run time");
  }
  const auto& [scale, bias, mean, variance] = p;
  Affine affine;
  const f64 epsilon = node.as<BatchNormAttributes>().epsilon;
  for (usize i = 0; i < scale.size(); ++i) {
    const f64 factor = scale[i] / std::sqrt(f64{variance[i]} + epsilon);
    affine.factor.push_back(static_cast<f32>(factor));
    affine.offset.push_back(static_cast<f32>(bias[i] - mean[i] * factor));
  }
  return affine;
}

bool constant_float(const Graph& graph, TensorId id) {
  return graph[id].constant && graph[id].dtype == DType::f32;
}

/// Whether the layer before can take the affine map into its weights.
bool folds_into(const Graph& graph, NodeId producer, TensorId between) {
  if (!producer.valid()) return false;
  const Node& layer = graph[producer];
  return (layer.op == Op::conv || layer.op == Op::fully_connected) && layer.clamp.none() &&
         graph.sole_consumer(between).valid() && constant_float(graph, layer.inputs[1]) &&
         (layer.inputs.size() < 3 || constant_float(graph, layer.inputs[2]));
}

void fold(Graph& graph, NodeId producer, const Affine& affine) {
  Node& layer = graph[producer];
  const Tensor& old = graph[layer.inputs[1]];
  std::vector<f32> weights = constant_floats(old);
  const usize channels = affine.factor.size(), run = weights.size() / channels;
  for (usize i = 0; i < weights.size(); ++i) weights[i] *= affine.factor[i / run];
  std::vector<f32> bias = affine.offset;
  if (layer.inputs.size() > 2) {
    const auto before = constant_floats(graph[layer.inputs[2]]);
    for (usize i = 0; i < channels; ++i)
      bias[i] = static_cast<f32>(f64{before[i]} * affine.factor[i] + affine.offset[i]);
  }
  const TensorId folded = graph.add_constant(old.name, DType::f32, old.shape, weights);
  const TensorId folded_bias =
      graph.add_constant(old.name + ".bias", DType::f32, {static_cast<i64>(channels)}, bias);
  layer.inputs = {layer.inputs[0], folded, folded_bias};
}

/// A normalisation with no layer to fold into: Mul and Add.
void spell_out(Graph& graph, NodeId id, const Affine& affine) {
  Node& node = graph[id];
  Shape shape(graph[node.inputs[0]].shape.size() - 1, 1);
  shape[0] = static_cast<i64>(affine.factor.size());
  const Tensor scaled{graph[node.output].name + ".scaled", DType::f32, graph[node.output].shape};
  const TensorId factor = graph.add_constant(scaled.name + ".factor", DType::f32, shape, affine.factor);
  const TensorId offset = graph.add_constant(scaled.name + ".offset", DType::f32, shape, affine.offset);
  const TensorId between = graph.add_tensor(scaled);
  graph.insert_before(id, {Op::mul, node.name + ".mul", {node.inputs[0], factor}, between});
  node.op = Op::add;
  node.attributes = {};
  node.inputs = {between, offset};
}

}  // namespace

Status fold_batch_norm(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node node = graph[id];
    if (node.op != Op::batch_norm) continue;
    const Affine affine = TRY(affine_of(graph, id));
    const NodeId producer = graph[node.inputs[0]].producer;
    const bool matches = folds_into(graph, producer, node.inputs[0]) &&
                         (graph[producer].op == Op::conv || graph[node.inputs[0]].shape.size() == 2);
    if (!matches) {
      spell_out(graph, id, affine);
      continue;
    }
    fold(graph, producer, affine);
    graph.erase(id);
    graph.set_output(producer, node.output);
  }
  return {};
}

}  // namespace pipit::model
