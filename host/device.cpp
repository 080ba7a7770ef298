#include "host/device.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "base/text.h"
#include "host/ports_network.h"
#include "host/ports_system.h"

namespace pipit::host {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kArch = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArch = "arm64";
#else
constexpr std::string_view kArch = "unknown";
#endif
constexpr usize kAlign = 16;

}  // namespace

/// What a device is made of; built in place, because the agent keeps references.
struct Device::Parts {
  Parts(const DeviceOptions& options, MappedFlash mapped)
      : options(options),
        flash(std::move(mapped)),
        network(options.mac),
        memory(agent::Agent::memory_bytes(options.sizes) + kAlign),
        arena(memory) {}

  DeviceOptions options;
  SystemClock clock;
  SystemEntropy entropy;
  FdConsole stderr_console{STDERR_FILENO};
  MappedFlash flash;
  SocketNetwork network;
  std::vector<u8> memory;
  Arena arena;
  agent::Agent* agent = nullptr;
};

Device::Device(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Device::~Device() = default;

support::Result<std::unique_ptr<Device>> Device::create(const DeviceOptions& options) {
  auto flash = TRY(MappedFlash::create(options.flash_file, options.flash_bytes, options.sector_bytes));
  std::unique_ptr<Device> device(new Device(std::make_unique<Parts>(options, std::move(flash))));
  Parts& parts = *device->parts_;
  const agent::AgentConfig config = {
      .clock = &parts.clock,
      .entropy = &parts.entropy,
      .console = options.console != nullptr ? options.console : &parts.stderr_console,
      .flash = &parts.flash,
      .network = &parts.network,
      .layout = agent::default_layout(parts.flash),
      .device = {options.broker_host, options.broker_port, options.blob_host, options.blob_port,
                 parts.options.token},
      .board = "linux",
      .arch = kArch,
      .firmware = PIPIT_VERSION,
      .ram_bytes = static_cast<u32>(parts.memory.size()),
      .sizes = options.sizes,
  };
  parts.agent = TRY(agent::Agent::create(config, parts.arena));
  return device;
}

agent::Agent& Device::agent() { return *parts_->agent; }

void Device::step(int wait_ms) {
  if (!parts_->agent->step() && wait_ms > 0) parts_->network.wait(wait_ms);
}

support::Result<ports::MacAddress> parse_mac(const std::string& text) {
  const support::Error bad(Code::invalid_argument,
                           "\"" + text + "\" is no MAC address like 52:54:00:12:34:56");
  ports::MacAddress mac{};
  if (text.size() != 17) return bad;
  for (usize i = 0; i < mac.size(); ++i) {
    u32 byte = 0;
    for (usize at = 3 * i; at < 3 * i + 2; ++at) {
      const usize digit = std::string_view("0123456789abcdef").find(static_cast<char>(text[at] | 0x20));
      if (digit == std::string_view::npos) return bad;
      byte = byte << 4 | static_cast<u32>(digit);
    }
    if (i + 1 < mac.size() && text[3 * i + 2] != ':') return bad;
    mac[i] = static_cast<u8>(byte);
  }
  return mac;
}

support::Status parse_endpoint(const std::string& text, ports::Ipv4& host, u16& port) {
  const usize colon = text.rfind(':');
  u64 number = 0;
  in_addr address = {};
  if (colon == text.npos || !parse_decimal(std::string_view(text).substr(colon + 1), number) || number == 0 ||
      number > 65535 || inet_pton(AF_INET, text.substr(0, colon).c_str(), &address) != 1)
    return support::Error(Code::invalid_argument,
                          "\"" + text + "\" is no IPv4 address and port like 127.0.0.1:1883");
  std::memcpy(host.data(), &address, host.size());
  port = static_cast<u16>(number);
  return {};
}

}  // namespace pipit::host
