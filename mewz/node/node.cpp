#include "mewz/node/node.h"

#include <algorithm>

#include "agent/agent.h"
#include "mewz/clock.h"
#include "mewz/cpu/cpu.h"
#include "mewz/devices/power.h"
#include "mewz/devices/uart16550.h"
#include "mewz/entropy.h"
#include "mewz/interrupts/watchdog.h"
#include "mewz/log.h"
#include "mewz/memory/kernel_map.h"
#include "mewz/memory/late.h"
#include "mewz/net/interface.h"
#include "mewz/node/platform.h"
#include "mewz/node/ram_flash.h"
#include "mewz/node/status_server.h"
#include "mewz/node/streams.h"

namespace pipit::mewz {
namespace {

constinit RamFlash g_flash;
constinit Late<NodeNetwork> g_network;
constinit Late<NodePlatform> g_platform;
constinit Late<StatusServer> g_status;

template <class T>
T require(std::string_view what, Result<T> result) {
  if (!result.ok()) {
    Line() << what << ": " << result.error();
    stop(StopCode::misconfigured);
  }
  return std::move(result).value();
}

/// Memory is shared out by what the machine has: a quarter for two slots of packages, a quarter for each of
/// the two applications that may run at a time, the rest for buffers and page tables.
struct Shares {
  u32 flash_bytes, app_bytes;
};
Shares share_memory() {
  constexpr usize kMost = usize{512} << 20;
  const usize quarter = std::min(pages().free_bytes() / 4, kMost);
  return {static_cast<u32>(quarter & ~usize{RamFlash::kSectorBytes - 1}),
          static_cast<u32>(quarter & ~usize{0xFFFF})};
}

class Probe final : public agent::MemoryProbe {
 public:
  explicit Probe(usize at_start) : at_start_(at_start) {}
  agent::MemoryReport measure() override {
    return {static_cast<u32>(at_start_ - pages().free_bytes()), 0, 0};
  }

 private:
  usize at_start_;
};

/// A machine that was told to use TLS never does without.
void secure_link(const CommandLine& command, const Sources& sources) {
  const auto file = [&](std::string_view name) {
    return name.empty() ? Bytes() : require(name, find_file(sources, name));
  };
  if (!entropy().seeded()) {
    Line() << "tls: no random numbers (rdrand or virtio-rng)";
    stop(StopCode::misconfigured);
  }
  Reservation* const memory = require("tls", Reservation::create(NodeNetwork::kTlsBytes));
  const TlsFiles files = {.authority = file(command.tls_authority),
                          .certificate = file(command.tls_certificate),
                          .key = file(command.tls_key)};
  Status secured =
      g_network->secure(files, {command.tls_broker, command.tls_blobs}, clock(), entropy(), memory->memory());
  if (secured.ok() && command.tls_port != 0)
    secured = g_status.build().init(command.tls_port, files, entropy());
  if (secured.ok()) return;
  Line() << secured.error();
  stop(StopCode::misconfigured);
}

}  // namespace

void run_node(const CommandLine& command, const Sources& sources, const Machine& machine,
              ports::Files& files) {
  if (!network().started()) {
    Line() << "agent: the machine has no network card";
    stop(StopCode::misconfigured);
  }
  g_network.build();
  if (!command.tls_authority.empty()) {
    secure_link(command, sources);
  } else if (command.tls_port != 0) {
    Line() << "tls.port: needs tls.ca, the authority of those who may call";
    stop(StopCode::misconfigured);
  }
  g_platform.build().init(machine.cpu, files);
  static Probe probe(pages().free_bytes());
  const Shares shares = share_memory();
  g_flash.init(require("agent", Reservation::create(shares.flash_bytes))->memory());
  agent::AgentSizes sizes;
  sizes.app_arena_bytes = shares.app_bytes;
  sizes.fetch_bytes = 16u << 10;
  sizes.fetch_range_bytes = 256u << 10;
  sizes.fuel_slice = 100'000;
  Reservation* const memory = require("agent", Reservation::create(agent::Agent::memory_bytes(sizes) + 4096));
  Arena arena(memory->memory());
  const agent::AgentConfig config = {
      .clock = &clock(),
      .entropy = &entropy(),
      .console = &console(),
      .flash = &g_flash,
      .network = &*g_network,
      .memory = &probe,
      .platform = &*g_platform,
      .native = {nullptr, native_machine(machine.cpu)},
      .layout = agent::default_layout(g_flash),
      .device = {.broker_host = command.broker.host,
                 .broker_port = command.broker.port,
                 .blob_host = command.blobs.host,
                 .blob_port = command.blobs.port,
                 .token = command.token},
      .board = "mewz",
      .arch = "amd64",
      .firmware = PIPIT_VERSION,
      .ram_bytes = static_cast<u32>(std::min<u64>(machine.info.ram_bytes, ~u32{0})),
      .sizes = sizes,
  };
  agent::Agent* const agent = require("agent", agent::Agent::create(config, arena));
  Line() << "agent: " << agent->device() << ", " << u64{shares.app_bytes >> 10}
         << " KB for each of two applications";
  for (;;) {
    watchdog::feed();
    clock().refine();
    expire_ports(clock().uptime_ms());
    if (command.tls_port != 0) g_status->poll(*agent);
    if (agent->step()) continue;
    cpu::disable_interrupts();
    if (network().waiting())
      cpu::enable_interrupts();
    else
      cpu::wait_for_interrupt();
  }
}

}  // namespace pipit::mewz
