#pragma once
#include <string>

#include "compiler/model/graph.h"
#include "nn/custom/custom.h"

/// Custom nodes: how the graph speaks of operators behind pipit/operator.h.
namespace pipit::model {

/// "com.example.HardGelu", as an operator's name is built from a model's domain and type.
std::string custom_name(const std::string& domain, const std::string& type);

/// Attributes with the operator's fallbacks.
CustomAttributes custom_attributes(const pipit_operator& op);

/// Element type and shape of a custom node's output, by its operator; not_found when it is not registered,
/// malformed with the operator's own words.
support::Status infer_custom(Graph& graph, NodeId node);
/// 0 where the operator does not say.
u64 custom_macs(const Graph& graph, const Node& node);
/// Name and values, for dumps.
std::string custom_text(const CustomAttributes& attributes);

}  // namespace pipit::model
