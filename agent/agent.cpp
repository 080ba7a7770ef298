#include "agent/agent.h"

namespace pipit::agent {
namespace {

constexpr usize kArenaAlign = 16;  // activations are read in vectors

Result<MutBytes> take(Arena& arena, usize bytes, usize align) {
  u8* at = static_cast<u8*>(arena.allocate(bytes, align));
  if (at == nullptr)
    return Error{Code::out_of_memory, "arena too small for the agent", static_cast<u32>(arena.wanted())};
  return MutBytes(at, bytes);
}

}  // namespace

Result<Agent*> Agent::create(const AgentConfig& config, Arena& arena) {
  const AgentSizes& sizes = config.sizes;
  const MutBytes first = TRY(take(arena, sizes.app_arena_bytes, kArenaAlign));
  const MutBytes second = TRY(take(arena, sizes.app_arena_bytes, kArenaAlign));
  void* const at = TRY(take(arena, sizeof(Agent), alignof(Agent))).data();
  const Parts parts = {TRY(Store::open(*config.flash, config.layout, config.native.target())),
                       TRY(FrameQueue::create(sizes.frame_count, sizes.frame_bytes, arena)),
                       TRY(take(arena, sizes.fetch_bytes, 4)),
                       TRY(take(arena, sizes.mqtt_receive_bytes, 4)),
                       TRY(take(arena, sizes.mqtt_send_bytes, 4)),
                       {first, second}};
  Agent* const agent = new (at) Agent(config, parts);
  agent->supervisor_.boot();
  return agent;
}

Agent::Agent(const AgentConfig& config, const Parts& parts)
    : network_(*config.network),
      clock_(*config.clock),
      store_(parts.store),
      frames_(parts.frames),
      fetch_(clock_, *config.entropy, network_.stream(1), *config.flash, parts.fetch,
             config.sizes.fetch_range_bytes),
      session_({.clock = clock_,
                .entropy = *config.entropy,
                .console = *config.console,
                .network = network_,
                .memory = config.memory,
                .fetch = fetch_,
                .buffers = {parts.receive, parts.send},
                .config = config.device,
                .hello = {.board = config.board,
                          .arch = config.arch,
                          .firmware = config.firmware,
                          .persistent = config.flash->persistent(),
                          .ram_bytes = config.ram_bytes,
                          .app_ram_bytes = config.sizes.app_arena_bytes,
                          .slot_bytes = parts.store.slot_capacity(),
                          .sensor_queue = config.sizes.frame_count}}),
      apps_{{0, parts.arenas[0], clock_, *config.entropy, supervisor_, config.platform, config.native},
            {1, parts.arenas[1], clock_, *config.entropy, supervisor_, config.platform, config.native}},
      supervisor_({clock_,
                   store_,
                   fetch_,
                   frames_,
                   session_,
                   {&apps_[0], &apps_[1]},
                   config.sizes.fuel_slice,
                   config.platform}) {
  fetch_.set_server({config.device.blob_host, config.device.blob_port, session_.device()});
  session_.attach(supervisor_);
}

bool Agent::step() {
  network_.poll();
  bool busy = false;
  if (network_.up()) busy |= session_.step();
  busy |= supervisor_.step();
  return busy;
}

link::DeviceStatus Agent::status() const {
  link::DeviceStatus out;
  session_.fill(out);
  return out;
}

}  // namespace pipit::agent
