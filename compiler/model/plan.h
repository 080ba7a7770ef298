#pragma once
#include <span>
#include <vector>

#include "compiler/model/graph.h"

/// The arena plan: which bytes every activation has, while it is alive.
namespace pipit::model {

/// A block that is needed from operator `first` up to and including operator `last`.
struct Lifetime {
  u32 bytes = 0;
  u32 first = 0, last = 0;
};

struct Placement {
  std::vector<u32> offsets;  ///< of each block; multiples of 16
  u32 arena_bytes = 0;       ///< multiple of 16
};

/// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020): the
/// largest block first, each at the lowest offset where it meets no block alive at the same time.
Placement place_greedy_by_size(std::span<const Lifetime> blocks);

/// The most bytes alive at one operator: no plan can be smaller.
u32 lower_bound_bytes(std::span<const Lifetime> blocks);

struct MemoryPlan {
  static constexpr u32 kNoOffset = ~u32{0};
  std::vector<u32> offsets;  ///< by TensorId; kNoOffset where it is a constant or dead
  u32 arena_bytes = 0;
  u32 lower_bound = 0;
  u32 operators = 0;
  u32 in_place = 0;  ///< operators whose output lies on their input
};

/// Plans a lowered graph. An operator that may work in place (nn/format.h) does, where its input is read for
/// the last time. Model inputs are alive from the start, outputs to the end. out_of_range when activations
/// exceed 2 GiB.
support::Result<MemoryPlan> plan_memory(const Graph& graph);

}  // namespace pipit::model
