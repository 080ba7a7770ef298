#include <algorithm>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using Perm = std::vector<u32>;

Perm inverse(const Perm& perm) {
  Perm out(perm.size());
  for (u32 i = 0; i < perm.size(); ++i) out[perm[i]] = i;
  return out;
}

class Sinker {
 public:
  explicit Sinker(Graph& graph) : graph_(graph) {}

  bool run() {
    const std::vector<NodeId> order = graph_.order();
    bool changed = false;
    for (NodeId id : order) changed = sink(id) || changed;
    return changed;
  }

 private:
  const Node* transpose_before(TensorId id) const { return graph_.produced_by(id, Op::transpose); }

  bool sink(NodeId id) {
    switch (graph_[id].op) {
      case Op::clamp:
      case Op::quantize:
      case Op::dequantize:
      case Op::requantize:
      case Op::add:
      case Op::mul:
      case Op::concat:
      case Op::pad: return through(id);
      case Op::reshape: return into_weights(id);
      default: return false;
    }
  }

  /// op(transpose(x), …) → transpose(op(x, …)) where every other operand is transposed alike or constant.
  bool through(NodeId id) {
    Node& node = graph_[id];
    const Node* first = transpose_before(node.inputs[0]);
    if (first == nullptr) return false;
    const Perm perm = first->as<TransposeAttributes>().perm;
    if (graph_[node.output].shape.size() != perm.size()) return false;
    const auto* scales = std::get_if<QuantizeAttributes>(&node.attributes);
    if (scales != nullptr && scales->quantization.per_channel()) return false;
    std::vector<TensorId> inputs;
    for (TensorId input : node.inputs) {
      const Node* transpose = transpose_before(input);
      if (transpose != nullptr && transpose->as<TransposeAttributes>().perm == perm)
        inputs.push_back(transpose->inputs[0]);
      else if (graph_[input].constant && node.op != Op::concat)
        inputs.push_back(permuted_constant(input, inverse(perm)));
      else
        return false;
    }
    const bool repeating = node.op == Op::add || node.op == Op::mul;
    if (repeating && !repeats_along(graph_[inputs[0]].shape, graph_[inputs[1]].shape)) return false;
    if (node.op == Op::concat)
      node.as<AxisAttributes>().axis = perm[static_cast<usize>(node.as<AxisAttributes>().axis)];
    if (node.op == Op::pad) permute_pads(node.as<PadAttributes>(), perm);
    move_behind(id, std::move(inputs), perm);
    return true;
  }

  void move_behind(NodeId id, std::vector<TensorId> inputs, const Perm& perm) {
    Node& node = graph_[id];
    const TensorId output = node.output;
    Tensor moved = graph_[output];
    moved.name += ".nhwc";
    if (!moved.origin.valid()) moved.origin = output;
    moved.shape = permuted(moved.shape, inverse(perm));
    node.inputs = std::move(inputs);
    graph_.set_output(id, graph_.add_tensor(std::move(moved)));
    graph_.insert_after(
        id, {Op::transpose, node.name + ".transpose", {node.output}, output, TransposeAttributes{perm}});
  }

  TensorId permuted_constant(TensorId id, const Perm& perm) {
    Tensor constant = graph_[id];
    constant.shape.insert(constant.shape.begin(), perm.size() - constant.shape.size(), 1);
    constant.data = permuted_data(constant, perm);
    constant.shape = permuted(constant.shape, perm);
    return graph_.add_tensor(std::move(constant));
  }

  static void permute_pads(PadAttributes& pad, const Perm& perm) {
    const PadAttributes old = pad;
    for (usize i = 0; i < perm.size(); ++i) {
      pad.before[perm[i]] = old.before[i];
      pad.after[perm[i]] = old.after[i];
    }
  }

  /// Flattening a transposed image for a fully connected layer: the weights' columns move instead.
  bool into_weights(NodeId id) {
    Node& node = graph_[id];
    const Node* transpose = transpose_before(node.inputs[0]);
    const Shape& out = graph_[node.output].shape;
    if (transpose == nullptr || out.size() != 2 || graph_.is_output(node.output)) return false;
    const Perm perm = transpose->as<TransposeAttributes>().perm;
    const Shape seen = graph_[node.inputs[0]].shape;  // the order in which the weights expect the image
    if (perm[0] != 0 || seen[0] != out[0]) return false;
    const auto readers = graph_.consumers(node.output);
    for (NodeId reader : readers) {
      const Node& layer = graph_[reader];
      if (layer.op != Op::fully_connected || layer.inputs[0] != node.output ||
          !graph_[layer.inputs[1]].constant)
        return false;
    }
    for (NodeId reader : readers) permute_columns(graph_[reader], seen, perm);
    node.inputs[0] = transpose->inputs[0];
    return true;
  }

  void permute_columns(Node& layer, const Shape& seen, const Perm& perm) {
    Tensor weights = graph_[layer.inputs[1]];
    const Shape matrix = weights.shape;
    weights.shape = seen;
    weights.shape[0] = matrix[0];
    weights.data = permuted_data(weights, inverse(perm));
    weights.shape = matrix;
    layer.inputs[1] = graph_.add_tensor(std::move(weights));
  }

  Graph& graph_;
};

}  // namespace

support::Status sink_transposes(Graph& graph) {
  // Every round moves transposes towards the outputs or removes them; each can move past a node once.
  for (usize round = 0; round <= graph.order().size(); ++round) {
    const bool changed = Sinker(graph).run();
    TRY(eliminate_identity(graph));
    TRY(eliminate_dead_code(graph));
    if (!changed) break;
  }
  return {};
}

}  // namespace pipit::model
