#include "compiler/model/plan.h"

#include <algorithm>
#include <numeric>

#include "compiler/model/opcodes.h"

namespace pipit::model {
namespace {

constexpr u32 kAlign = nn::format::kTensorAlign;
constexpr u64 kMaxArena = u64{1} << 31;
constexpr u32 kNoBlock = ~u32{0};

u64 aligned(u64 bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

bool overlap(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

/// Lowest offset at which `block` fits between those already placed that live at the same time.
u32 lowest_gap(std::span<const Lifetime> blocks, const std::vector<u32>& placed, const Placement& plan,
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

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph), block_of_(graph.tensor_count(), kNoBlock) {}

  support::Result<MemoryPlan> run() {
    const u32 end = static_cast<u32>(graph_.order().size());
    find_last_reads(end);
    for (TensorId input : graph_.inputs) own_block(input, 0);
    for (u32 step = 0; step < end; ++step) {
      const Node& node = graph_[graph_.order()[step]];
      if (!take_over_input(node, step)) own_block(node.output, step);
      Lifetime& block = blocks_[block_of_[node.output.index]];
      block.last = std::max(block.last, last_read_[node.output.index]);
    }
    u64 total = 0;
    for (const Lifetime& block : blocks_) total += aligned(block.bytes);
    if (total > kMaxArena) return support::Error(Code::out_of_range, "activations need more than 2 GiB");
    return finish();
  }

 private:
  /// Step after which nobody reads a tensor; the number of steps for a model output.
  void find_last_reads(u32 end) {
    last_read_.assign(graph_.tensor_count(), 0);
    for (u32 step = 0; step < end; ++step) {
      const Node& node = graph_[graph_.order()[step]];
      last_read_[node.output.index] = std::max(last_read_[node.output.index], step);
      for (TensorId input : node.inputs) last_read_[input.index] = step;
    }
    for (TensorId output : graph_.outputs) last_read_[output.index] = end;
  }

  u32 bytes_of(TensorId id) const {
    const Tensor& tensor = graph_[id];
    return static_cast<u32>(
        std::min<u64>(static_cast<u64>(element_count(tensor.shape)) * dtype_bytes(tensor.dtype), kMaxArena));
  }

  void own_block(TensorId id, u32 step) {
    block_of_[id.index] = static_cast<u32>(blocks_.size());
    blocks_.push_back({bytes_of(id), step, std::max(step, last_read_[id.index])});
  }

  /// Whether the output may lie on the first input, which then nobody else needs.
  bool take_over_input(const Node& node, u32 step) {
    const nn::format::OperatorTraits* traits = nn::format::traits_of(static_cast<u8>(*opcode_of(node.op)));
    const TensorId input = node.inputs[0];
    if (!traits->in_place || graph_[input].constant || last_read_[input.index] != step) return false;
    if (bytes_of(input) != bytes_of(node.output)) return false;
    if (std::count(node.inputs.begin(), node.inputs.end(), input) != 1) return false;
    block_of_[node.output.index] = block_of_[input.index];
    ++in_place_;
    return true;
  }

  MemoryPlan finish() const {
    const Placement placed = place_greedy_by_size(blocks_);
    MemoryPlan plan;
    plan.offsets.assign(graph_.tensor_count(), MemoryPlan::kNoOffset);
    for (usize i = 0; i < block_of_.size(); ++i)
      if (block_of_[i] != kNoBlock) plan.offsets[i] = placed.offsets[block_of_[i]];
    plan.arena_bytes = placed.arena_bytes;
    plan.lower_bound = lower_bound_bytes(blocks_);
    plan.operators = static_cast<u32>(graph_.order().size());
    plan.in_place = in_place_;
    return plan;
  }

  const Graph& graph_;
  std::vector<u32> block_of_;   // by tensor
  std::vector<u32> last_read_;  // by tensor
  std::vector<Lifetime> blocks_;
  u32 in_place_ = 0;
};

}  // namespace

Placement place_greedy_by_size(std::span<const Lifetime> blocks) {
  std::vector<u32> order(blocks.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](u32 a, u32 b) {
    return blocks[a].bytes != blocks[b].bytes ? blocks[a].bytes > blocks[b].bytes : a < b;
  });
  Placement plan;
  plan.offsets.assign(blocks.size(), 0);
  std::vector<u32> placed;
  for (u32 block : order) {
    plan.offsets[block] = lowest_gap(blocks, placed, plan, block);
    placed.push_back(block);
    plan.arena_bytes =
        std::max(plan.arena_bytes, static_cast<u32>(aligned(u64{plan.offsets[block]} + blocks[block].bytes)));
  }
  return plan;
}

u32 lower_bound_bytes(std::span<const Lifetime> blocks) {
  // The sum can only peak where some block begins.
  u64 most = 0;
  for (const Lifetime& start : blocks) {
    u64 live = 0;
    for (const Lifetime& block : blocks)
      if (block.first <= start.first && start.first <= block.last) live += aligned(block.bytes);
    most = std::max(most, live);
  }
  return static_cast<u32>(most);
}

support::Result<MemoryPlan> plan_memory(const Graph& graph) {
  for (NodeId id : graph.order())
    if (!opcode_of(graph[id].op))
      return support::Error(Code::unsupported, graph.describe(id) + ": the engine has no such operator");
  return Planner(graph).run();
}

}  // namespace pipit::model
