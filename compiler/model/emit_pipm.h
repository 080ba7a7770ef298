#pragma once
#include <string>
#include <vector>

#include "compiler/model/graph.h"
#include "compiler/model/plan.h"

namespace pipit::model {

/// One line of the plan's table.
struct PlannedOperator {
  std::string name;    ///< of the node
  std::string opcode;  ///< nn's name; of general functions with the function's
  std::string dtype;   ///< of its output
  std::string output;  ///< shape
  u64 macs = 0;
  u64 constant_bytes = 0;
};

struct EmittedModel {
  std::vector<u8> file;  ///< .pipm; the engine's loader has verified it
  std::vector<PlannedOperator> operators;
  u64 macs = 0;
};

/// Writes a lowered graph in nn/format.h: weights in the engine's layout, rescale factors, zero points folded
/// into biases. Errors name the node the engine cannot execute.
support::Result<EmittedModel> emit_pipm(const Graph& graph, const MemoryPlan& plan);

/// Multiply-accumulates of one node of a lowered graph.
u64 macs_of(const Graph& graph, const Node& node);

}  // namespace pipit::model
