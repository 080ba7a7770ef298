#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

/// Operators that end in a clamp.
bool takes_clamp(Op op) {
  switch (op) {
    case Op::conv:
    case Op::fully_connected:
    case Op::add:
    case Op::mul:
    case Op::max_pool:
    case Op::average_pool:
    case Op::global_average_pool:
    case Op::clamp: return true;
    default: return false;
  }
}

}  // namespace

support::Status fuse_activations(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node node = graph[id];
    if (node.op != Op::clamp) continue;
    const NodeId producer = graph[node.inputs[0]].producer;
    if (!producer.valid() || !takes_clamp(graph[producer].op) || graph.sole_consumer(node.inputs[0]) != id)
      continue;
    graph[producer].clamp = graph[producer].clamp.then(node.clamp);
    graph.erase(id);
    graph.set_output(producer, node.output);
  }
  return {};
}

}  // namespace pipit::model
