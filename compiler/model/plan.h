#pragma once
#include <string>
#include <vector>

#include "compiler/model/graph.h"
#include "compiler/model/place.h"

/// The arena plan: which bytes every activation has, while it is alive.
namespace pipit::model {

struct MemoryPlan {
  static constexpr u32 kNoOffset = ~u32{0};
  static constexpr u32 kNoLimit = ~u32{0};
  std::vector<u32> offsets;  ///< by TensorId; kNoOffset where it is a constant or dead
  u32 arena_bytes = 0;       ///< states included, which lie at its end
  u32 state_bytes = 0;
  u32 lower_bound = 0;
  u32 operators = 0;
  u32 in_place = 0;  ///< operators whose output lies on their input
  const char* strategy = "";
  std::vector<u64> live;  ///< bytes alive while each operator runs
};

/// Plans a lowered graph. An operator that may work in place (nn/format.h) does, where its input is read for
/// the last time. Model inputs are alive from the start, outputs to the end. out_of_range when activations
/// exceed 2 GiB, or `limit_bytes`: the error then names the operator that is the obstacle and what is alive
/// there.
support::Result<MemoryPlan> plan_memory(const Graph& graph, u32 limit_bytes = MemoryPlan::kNoLimit);

/// The most bytes alive at one operator in the graph's order; 2^32 − 1 where it cannot be planned.
u32 activation_lower_bound(const Graph& graph);

/// Puts the operators into a topological order that keeps fewer bytes alive, where one is found. True when
/// the order changed.
bool reorder_operators(Graph& graph);

}  // namespace pipit::model
