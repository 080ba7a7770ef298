#include <set>

#include "compiler/model/passes/passes.h"

namespace pipit::model {

support::Status eliminate_dead_code(Graph& graph) {
  std::set<u32> read;
  for (TensorId id : graph.outputs) read.insert(id.index);
  const std::vector<NodeId> order = graph.order();
  for (usize i = order.size(); i-- > 0;) {
    const Node& node = graph[order[i]];
    if (!read.contains(node.output.index)) {
      graph.erase(order[i]);
      continue;
    }
    for (TensorId input : node.inputs)
      if (input.valid()) read.insert(input.index);
  }
  return {};
}

}  // namespace pipit::model
