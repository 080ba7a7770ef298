#pragma once
#include <memory>
#include <string>

#include "agent/agent.h"
#include "host/ports_flash.h"
#include "support/error.h"

namespace pipit::host {

/// A device simulated on Linux: the agent that boards run, over POSIX ports, with a board's memory and flash.
struct DeviceOptions {
  ports::MacAddress mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  ports::Ipv4 broker_host = {127, 0, 0, 1}, blob_host = {127, 0, 0, 1};
  u16 broker_port = 0, blob_port = 0;
  std::string token;
  std::string flash_file;  ///< empty: in memory, gone with the process
  u32 flash_bytes = 2u << 20;
  u32 sector_bytes = 4096;
  agent::AgentSizes sizes;
  ports::Console* console = nullptr;  ///< where the agent's own lines go; nullptr: standard error
};

class Device {
 public:
  static support::Result<std::unique_ptr<Device>> create(const DeviceOptions& options);
  ~Device();
  Device(const Device&) = delete;

  agent::Agent& agent();
  /// One step; sleeps up to `wait_ms` when there is nothing to do.
  void step(int wait_ms = 5);

 private:
  struct Parts;
  explicit Device(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// "52:54:00:12:34:56"; invalid_argument when it is no address.
support::Result<ports::MacAddress> parse_mac(const std::string& text);
/// "127.0.0.1:1883"; invalid_argument unless it is an IPv4 address and a port.
support::Status parse_endpoint(const std::string& text, ports::Ipv4& host, u16& port);

}  // namespace pipit::host
