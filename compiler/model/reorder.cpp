#include <algorithm>

#include "compiler/model/plan.h"

namespace pipit::model {
namespace {

/// Schedules operators one by one: of those whose operands are there, the one that leaves fewest bytes alive.
class Scheduler {
 public:
  explicit Scheduler(const Graph& graph) : graph_(graph), readers_left_(graph.tensor_count(), 0) {
    for (NodeId id : graph.order())
      for (TensorId input : distinct_inputs(id)) ++readers_left_[input.index];
    for (TensorId output : graph.outputs) ++readers_left_[output.index];
  }

  std::vector<NodeId> run() {
    std::vector<NodeId> waiting = graph_.order(), order;
    std::vector<bool> made(graph_.tensor_count(), false);
    while (!waiting.empty()) {
      usize best = waiting.size();
      i64 least = 0;
      for (usize i = 0; i < waiting.size(); ++i) {
        if (!is_ready(waiting[i], made)) continue;
        const i64 growth = growth_of(waiting[i]);
        if (best != waiting.size() && growth >= least) continue;
        best = i;
        least = growth;
      }
      if (best == waiting.size()) return {};  // no topological order: not ours to repair
      const NodeId id = waiting[best];
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(best));
      for (TensorId input : distinct_inputs(id)) --readers_left_[input.index];
      made[graph_[id].output.index] = true;
      order.push_back(id);
    }
    return order;
  }

 private:
  std::vector<TensorId> distinct_inputs(NodeId id) const {
    std::vector<TensorId> inputs;
    for (TensorId input : graph_[id].inputs)
      if (input.valid() && std::find(inputs.begin(), inputs.end(), input) == inputs.end())
        inputs.push_back(input);
    return inputs;
  }

  i64 bytes_of(TensorId id) const {
    const Tensor& tensor = graph_[id];
    return tensor.constant || tensor.state ? 0 : element_count(tensor.shape) * dtype_bytes(tensor.dtype);
  }

  bool is_ready(NodeId id, const std::vector<bool>& made) const {
    for (TensorId input : graph_[id].inputs)
      if (input.valid() && graph_[input].producer.valid() && !made[input.index]) return false;
    return true;
  }

  /// Bytes alive after the operator less those before.
  i64 growth_of(NodeId id) const {
    i64 growth = bytes_of(graph_[id].output);
    for (TensorId input : distinct_inputs(id))
      if (readers_left_[input.index] == 1) growth -= bytes_of(input);
    return growth;
  }

  const Graph& graph_;
  std::vector<u32> readers_left_;
};

}  // namespace

bool reorder_operators(Graph& graph) {
  constexpr usize kMostOperators = 2000;  // the scheduler looks at every pair
  const std::vector<NodeId> before = graph.order();
  if (before.size() > kMostOperators) return false;
  const std::vector<NodeId> order = Scheduler(graph).run();
  if (order.size() != before.size() || order == before) return false;
  const u32 old_bound = activation_lower_bound(graph);
  graph.set_order(order);
  if (activation_lower_bound(graph) < old_bound) return true;
  graph.set_order(before);
  return false;
}

}  // namespace pipit::model
