#include <algorithm>
#include <optional>

#include "compiler/model/emit_pipm.h"
#include "compiler/model/extend/accelerator.h"
#include "compiler/model/extend/custom.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// The nodes that `pattern` covers when `first` is its first.
std::optional<std::vector<NodeId>> match(const Graph& graph, const Pattern& pattern, NodeId first) {
  std::vector<NodeId> chain;
  NodeId at = first;
  for (Op op : pattern.chain) {
    if (!at.valid() || graph[at].op != op) return std::nullopt;
    chain.push_back(at);
    at = graph.sole_consumer(graph[at].output);
  }
  return chain;
}

class Partitioner {
 public:
  Partitioner(Graph& graph, const Target& target) : graph_(graph), target_(target) {
    for (const Pattern& pattern : target.accelerator->patterns) {
      const auto lower = std::ranges::find_if(
          patterns_, [&](const Pattern* other) { return other->priority < pattern.priority; });
      patterns_.insert(lower, &pattern);
    }
  }

  Result<std::vector<PartitionRow>> run() {
    const std::vector<NodeId> nodes = graph_.order();
    for (NodeId node : nodes)
      if (std::ranges::find(graph_.order(), node) != graph_.order().end()) TRY(try_node(node));
    return std::move(rows_);
  }

 private:
  Status try_node(NodeId first) {
    for (const Pattern* pattern : patterns_) {
      const auto chain = match(graph_, *pattern, first);
      if (!chain) continue;
      PartitionRow row{graph_[first].name, pattern->name, 0, {}};
      for (NodeId node : *chain) row.macs += macs_of(graph_, graph_[node]);
      if (const char* why = pattern->refuses(graph_, *chain, target_.attributes)) {
        row.refused = why;
        rows_.push_back(std::move(row));
        continue;
      }
      auto replaced = replace(*pattern, *chain);
      if (!replaced.ok()) return replaced.take_error().in(graph_.describe(first));
      // What a less preferred pattern refused no longer matters.
      std::erase_if(
          rows_, [&](const PartitionRow& other) { return other.node == row.node && !other.refused.empty(); });
      rows_.push_back(std::move(row));
      return {};
    }
    return {};
  }

  Status replace(const Pattern& pattern, const std::vector<NodeId>& chain) {
    const pipit_operator* driver = nn::find_custom_operator(target_.accelerator->driver_operator);
    if (driver == nullptr)
      return Error(Code::not_found, std::string("the driver's operator ") +
                                        target_.accelerator->driver_operator + " is not registered");
    Offload offload = TRY(pattern.offload(graph_, chain, target_.attributes));
    if (offload.values.size() != driver->attribute_count)
      return Error(Code::internal,
                   std::string(pattern.name) + " gives " + std::to_string(offload.values.size()) +
                       " attributes, the driver takes " + std::to_string(driver->attribute_count));
    CustomAttributes attributes = custom_attributes(*driver);
    std::ranges::copy(offload.values, attributes.values);
    const NodeId last = chain.back();
    const TensorId output = graph_[last].output;
    const DType dtype = graph_[output].dtype;
    const Shape shape = graph_[output].shape;
    const NodeId call = graph_.insert_after(last, {Op::custom,
                                                   graph_[chain.front()].name,
                                                   std::move(offload.inputs),
                                                   graph_.add_tensor({}),
                                                   attributes,
                                                   {}});
    for (NodeId node : chain) graph_.erase(node);
    graph_.set_output(call, output);
    TRY(infer_custom(graph_, call));
    if (graph_[output].dtype != dtype || graph_[output].shape != shape)
      return Error(Code::internal, std::string(pattern.name) + ": the driver infers " +
                                       to_string(graph_[output].shape) + " where the graph has " +
                                       to_string(shape));
    return {};
  }

  Graph& graph_;
  const Target& target_;
  std::vector<const Pattern*> patterns_;
  std::vector<PartitionRow> rows_;
};

}  // namespace

Result<std::vector<PartitionRow>> partition(Graph& graph, const Target& target) {
  return Partitioner(graph, target).run();
}

Status run_phase(Graph& graph, const Target& target, Phase phase, const PassObserver& observer) {
  for (const PhasePass& own : target.accelerator->passes)
    if (own.phase == phase) TRY(run_passes(graph, {&own.pass, 1}, observer));
  return {};
}

}  // namespace pipit::model
