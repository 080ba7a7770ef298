#pragma once
#include <span>
#include <vector>

#include "base/types.h"

/// Placing blocks of memory that are needed for a while: the arena's offline allocation problem, NP-hard, so
/// several heuristics compete.
namespace pipit::model {

/// A block that is needed from operator `first` up to and including operator `last`.
struct Lifetime {
  u32 bytes = 0;
  u32 first = 0, last = 0;
};

struct Placement {
  std::vector<u32> offsets;  ///< of each block; multiples of 16
  u32 arena_bytes = 0;       ///< multiple of 16
  const char* strategy = "";
};

/// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020): the
/// largest block first, each at the lowest offset where it meets no block alive at the same time.
Placement place_greedy_by_size(std::span<const Lifetime> blocks);
/// As above, but the block first that meets most bytes of others.
Placement place_greedy_by_conflict(std::span<const Lifetime> blocks);
/// Starts from the order of `start`'s offsets and swaps blocks in it while that does not make the arena
/// larger. Deterministic. Gives up after `rounds` swaps, or at the lower bound.
Placement place_hill_climbing(std::span<const Lifetime> blocks, const Placement& start, u32 rounds);
/// The smallest of all three. `goal_bytes`: a need that is small enough; more rounds are spent while above
/// it.
Placement place_best(std::span<const Lifetime> blocks, u32 goal_bytes);

/// Bytes alive at each of `steps` operators.
std::vector<u64> live_bytes(std::span<const Lifetime> blocks, u32 steps);
/// The most bytes alive at one operator: no plan can be smaller.
u32 lower_bound_bytes(std::span<const Lifetime> blocks);

}  // namespace pipit::model
