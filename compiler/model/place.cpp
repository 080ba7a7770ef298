#include "compiler/model/place.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

#include "nn/format.h"

namespace pipit::model {
namespace {

constexpr u32 kAlign = nn::format::kTensorAlign;

u64 aligned(u64 bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

bool overlap(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

/// Lowest offset at which `block` fits between those already placed that live at the same time.
u32 lowest_gap(std::span<const Lifetime> blocks, std::span<const u32> placed, const Placement& plan,
               u32 block) {
  std::vector<u32> neighbours;  // by offset
  for (u32 other : placed)
    if (overlap(blocks[block], blocks[other])) neighbours.push_back(other);
  std::sort(neighbours.begin(), neighbours.end(),
            [&](u32 a, u32 b) { return plan.offsets[a] < plan.offsets[b]; });
  u64 at = 0;
  for (u32 other : neighbours) {
    if (at + blocks[block].bytes <= plan.offsets[other]) break;
    at = std::max(at, aligned(u64{plan.offsets[other]} + blocks[other].bytes));
  }
  return static_cast<u32>(at);
}

/// Every block at its lowest gap, in the order given.
Placement place_in_order(std::span<const Lifetime> blocks, std::span<const u32> order, const char* strategy) {
  Placement plan;
  plan.strategy = strategy;
  plan.offsets.assign(blocks.size(), 0);
  for (usize i = 0; i < order.size(); ++i) {
    const u32 block = order[i];
    plan.offsets[block] = lowest_gap(blocks, order.first(i), plan, block);
    plan.arena_bytes =
        std::max(plan.arena_bytes, static_cast<u32>(aligned(u64{plan.offsets[block]} + blocks[block].bytes)));
  }
  return plan;
}

/// Blocks sorted by falling `weight`; equals keep their order.
std::vector<u32> order_by(std::span<const Lifetime> blocks, const std::vector<u64>& weight) {
  std::vector<u32> order(blocks.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](u32 a, u32 b) { return weight[a] != weight[b] ? weight[a] > weight[b] : a < b; });
  return order;
}

}  // namespace

Placement place_greedy_by_size(std::span<const Lifetime> blocks) {
  std::vector<u64> sizes;
  for (const Lifetime& block : blocks) sizes.push_back(block.bytes);
  return place_in_order(blocks, order_by(blocks, sizes), "greedy by size");
}

Placement place_greedy_by_conflict(std::span<const Lifetime> blocks) {
  std::vector<u64> conflicts(blocks.size(), 0);
  for (usize a = 0; a < blocks.size(); ++a)
    for (usize b = 0; b < blocks.size(); ++b)
      if (a != b && overlap(blocks[a], blocks[b])) conflicts[a] += aligned(blocks[b].bytes);
  return place_in_order(blocks, order_by(blocks, conflicts), "greedy by conflict");
}

Placement place_hill_climbing(std::span<const Lifetime> blocks, const Placement& start, u32 rounds) {
  const u32 bound = lower_bound_bytes(blocks);
  std::vector<u32> order(blocks.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](u32 a, u32 b) {
    return start.offsets[a] != start.offsets[b] ? start.offsets[a] < start.offsets[b] : a < b;
  });
  Placement best = start;
  std::minstd_rand random(1);
  for (u32 round = 0; round < rounds && best.arena_bytes > bound && order.size() > 1; ++round) {
    const usize a = random() % order.size(), b = random() % order.size();
    if (a == b) continue;
    std::swap(order[a], order[b]);
    Placement next = place_in_order(blocks, order, "hill climbing");
    if (next.arena_bytes < best.arena_bytes)
      best = std::move(next);
    else if (next.arena_bytes > best.arena_bytes)
      std::swap(order[a], order[b]);  // sideways steps stay: they leave plateaus
  }
  return best;
}

Placement place_best(std::span<const Lifetime> blocks, u32 goal_bytes) {
  const u32 bound = lower_bound_bytes(blocks);
  Placement best = place_greedy_by_size(blocks);
  if (best.arena_bytes == bound) return best;
  Placement other = place_greedy_by_conflict(blocks);
  if (other.arena_bytes < best.arena_bytes) best = std::move(other);
  // One placement costs about n² steps; a plan that is too large is worth ten times the effort.
  const u64 cost = u64{blocks.size()} * blocks.size() + 1;
  u32 rounds = static_cast<u32>(std::clamp<u64>(20'000'000 / cost, 20, 2000));
  best = place_hill_climbing(blocks, best, rounds);
  if (best.arena_bytes > goal_bytes && goal_bytes >= bound)
    best = place_hill_climbing(blocks, best, rounds * 10);
  return best;
}

std::vector<u64> live_bytes(std::span<const Lifetime> blocks, u32 steps) {
  std::vector<u64> live(steps, 0);
  for (const Lifetime& block : blocks)
    for (u32 step = block.first; step <= block.last && step < steps; ++step)
      live[step] += aligned(block.bytes);
  return live;
}

u32 lower_bound_bytes(std::span<const Lifetime> blocks) {
  u32 steps = 0;
  for (const Lifetime& block : blocks) steps = std::max(steps, block.last + 1);
  const std::vector<u64> live = live_bytes(blocks, steps);
  return live.empty() ? 0 : static_cast<u32>(*std::max_element(live.begin(), live.end()));
}

}  // namespace pipit::model
