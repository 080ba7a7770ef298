// The firmware: a board, and the device agent on it.
#include "agent/agent.h"
#include "waiot/log.h"
#include "waiot/memory.h"
#include "waiot/platform.h"

namespace pipit::waiot {
namespace {

constexpr agent::AgentSizes kSizes;
alignas(16) u8 g_memory[agent::Agent::memory_bytes(kSizes)];

/// What a status message tells of the firmware's own memory.
class Probe final : public agent::MemoryProbe {
 public:
  explicit Probe(const LwipNetwork& network) : network_(network) {}
  agent::MemoryReport measure() override {
    return {memory::static_bytes(), memory::stack_peak_bytes(), network_.heap_peak_bytes()};
  }

 private:
  const LwipNetwork& network_;
};

/// nullptr, after saying why, when this device cannot work as it was commissioned.
agent::Agent* start_agent(Platform& platform, Probe& probe) {
  ports::Flash& flash = board::flash();
  agent::AgentConfig config = {
      .clock = &board::clock(),
      .entropy = &platform.entropy,
      .console = &board::console(),
      .flash = &flash,
      .network = &platform.network,
      .memory = &probe,
      .native = {&agent::kNativeRuntime, {board::kNativeTarget, 0}},
      .layout = {board::kFlashMap.state_offset, board::kFlashMap.slots_offset, board::kFlashMap.slot_bytes},
      .board = board::kName,
      .arch = board::kArch,
      .firmware = PIPIT_VERSION,
      .ram_bytes = memory::ram_bytes(),
      .sizes = kSizes,
  };
  const Bytes sector = flash.view(board::kFlashMap.config_offset, board::kFlashMap.seed_offset);
  if (Status status = link::decode_config(sector, config.device); !status.ok()) {
    Line() << "waiot: no valid configuration in flash: " << status.error();
    return nullptr;
  }
  static Arena arena(g_memory);
  auto agent = agent::Agent::create(config, arena);
  if (!agent.ok()) {
    Line() << "waiot: the agent does not start: " << agent.error();
    return nullptr;
  }
  return *agent;
}

}  // namespace
}  // namespace pipit::waiot

int main() {
  using namespace pipit::waiot;
  Platform& platform = start_platform("waiot");
  Probe probe(platform.network);
  pipit::agent::Agent* const agent = start_agent(platform, probe);
  for (;;) {
    if (agent == nullptr || !agent->step()) board::idle();
    platform.announce_address();
  }
}
