#include "compiler/model/plan.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "compiler/model/opcodes.h"

namespace pipit::model {
namespace {

constexpr u32 kAlign = nn::format::kTensorAlign;
constexpr u64 kMaxArena = u64{1} << 31;
constexpr u32 kNoBlock = ~u32{0};

u64 aligned(u64 bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph), block_of_(graph.tensor_count(), kNoBlock) {}

  support::Result<MemoryPlan> run(u32 limit_bytes) {
    TRY(find_blocks());
    return finish(limit_bytes);
  }

  u32 lower_bound() { return find_blocks().ok() ? lower_bound_bytes(blocks_) : ~u32{0}; }

 private:
  support::Status find_blocks() {
    const u32 end = static_cast<u32>(graph_.order().size());
    find_last_reads(end);
    for (TensorId input : graph_.inputs) own_block(input, 0);
    for (u32 step = 0; step < end; ++step) {
      const Node& node = graph_[graph_.order()[step]];
      if (!take_over_input(node, step)) own_block(node.output, step);
      Lifetime& block = blocks_[block_of_[node.output.index]];
      block.last = std::max(block.last, last_read_[node.output.index]);
    }
    find_states();
    u64 total = state_bytes();
    for (const Lifetime& block : blocks_) total += aligned(block.bytes);
    if (total > kMaxArena) return support::Error(Code::out_of_range, "activations need more than 2 GiB");
    return {};
  }

  void find_states() {
    std::vector<bool> known(graph_.tensor_count(), false);
    for (NodeId id : graph_.order())
      for (TensorId input : graph_[id].inputs) known[input.index] = known[input.index] || graph_[input].state;
    states_.clear();
    for (u32 i = 0; i < known.size(); ++i)
      if (known[i]) states_.push_back({i});
  }

  u32 state_bytes() const {
    u64 bytes = 0;
    for (TensorId state : states_) bytes += aligned(bytes_of(state));
    return static_cast<u32>(std::min(bytes, kMaxArena));
  }

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
    const auto opcode = opcode_of(node.op);
    PIPIT_CHECK(opcode.has_value());  // plan() has refused what has none
    const nn::format::OperatorTraits* traits = nn::format::traits_of(static_cast<u8>(*opcode));
    const TensorId input = node.inputs[0];
    if (!traits->in_place || graph_[input].constant || graph_[input].state || last_read_[input.index] != step)
      return false;
    if (bytes_of(input) != bytes_of(node.output)) return false;
    if (std::count(node.inputs.begin(), node.inputs.end(), input) != 1) return false;
    block_of_[node.output.index] = block_of_[input.index];
    ++in_place_;
    return true;
  }

  support::Result<MemoryPlan> finish(u32 limit_bytes) const {
    MemoryPlan plan;
    plan.state_bytes = state_bytes();
    const u32 room = limit_bytes < plan.state_bytes ? 0 : limit_bytes - plan.state_bytes;
    const Placement placed = place_best(blocks_, room);
    plan.offsets.assign(graph_.tensor_count(), MemoryPlan::kNoOffset);
    for (usize i = 0; i < block_of_.size(); ++i)
      if (block_of_[i] != kNoBlock) plan.offsets[i] = placed.offsets[block_of_[i]];
    plan.arena_bytes = placed.arena_bytes;
    for (TensorId state : states_) {
      plan.offsets[state.index] = plan.arena_bytes;
      plan.arena_bytes += static_cast<u32>(aligned(bytes_of(state)));
    }
    plan.lower_bound = lower_bound_bytes(blocks_) + plan.state_bytes;
    plan.operators = static_cast<u32>(graph_.order().size());
    plan.in_place = in_place_;
    plan.strategy = placed.strategy;
    plan.live = live_bytes(blocks_, plan.operators);
    for (u64& live : plan.live) live += plan.state_bytes;
    if (plan.arena_bytes > limit_bytes) return too_large(plan, limit_bytes);
    return plan;
  }

  /// Which operator keeps the plan above the limit, and with what.
  support::Error too_large(const MemoryPlan& plan, u32 limit_bytes) const {
    const auto peak = std::max_element(plan.live.begin(), plan.live.end());
    const u32 step = static_cast<u32>(peak - plan.live.begin());
    std::string text = "activations need " + std::to_string(plan.arena_bytes) + " bytes, the limit is " +
                       std::to_string(limit_bytes) + "; ";
    if (plan.lower_bound <= limit_bytes)
      text +=
          "the lower bound " + std::to_string(plan.lower_bound) + " would fit, but no such plan was found; ";
    text += "most is alive at " + graph_.describe(graph_.order()[step]) + ": " + std::to_string(*peak) +
            " bytes (";
    std::string alive;
    for (u32 tensor = 0; tensor < block_of_.size(); ++tensor) {
      if (block_of_[tensor] == kNoBlock || !is_alive(tensor, step)) continue;
      const Tensor& t = graph_[TensorId{tensor}];
      alive += (alive.empty() ? "'" : ", '") + t.name + "' " + to_string(t.shape) + " " + dtype_name(t.dtype);
    }
    return {Code::out_of_range, text + alive + ")"};
  }

  /// Whether the tensor itself, not only the block it shares, is needed at `step`.
  bool is_alive(u32 tensor, u32 step) const {
    const NodeId producer = graph_[TensorId{tensor}].producer;
    u32 made = 0;
    if (producer.valid())
      made = static_cast<u32>(std::find(graph_.order().begin(), graph_.order().end(), producer) -
                              graph_.order().begin());
    return made <= step && step <= last_read_[tensor];
  }

  const Graph& graph_;
  std::vector<u32> block_of_;   // by tensor
  std::vector<u32> last_read_;  // by tensor
  std::vector<Lifetime> blocks_;
  std::vector<TensorId> states_;  // in the order of their ids
  u32 in_place_ = 0;
};

}  // namespace

static support::Status check_operators(const Graph& graph) {
  for (NodeId id : graph.order())
    if (!opcode_of(graph[id].op))
      return support::Error(Code::unsupported, graph.describe(id) + ": the engine has no such operator");
  return {};
}

u32 activation_lower_bound(const Graph& graph) {
  return check_operators(graph).ok() ? Planner(graph).lower_bound() : ~u32{0};
}

support::Result<MemoryPlan> plan_memory(const Graph& graph, u32 limit_bytes) {
  TRY(check_operators(graph));
  return Planner(graph).run(limit_bytes);
}

}  // namespace pipit::model
