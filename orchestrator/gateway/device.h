#pragma once
#include <string>

#include "link/messages.h"
#include "support/json.h"

/// What devices said, kept longer than the message that said it: the link's messages with text of their own.
namespace pipit::gateway {

/// Who a device is: its hello without the token.
struct DeviceIdentity {
  std::string name;
  u64 boot_id = 0;
  u32 boot_count = 0;
  std::string board, arch, firmware;
  bool persistent = false;
  u32 ram_bytes = 0, app_ram_bytes = 0, slot_bytes = 0, sensor_queue = 0;
};

struct AppReport {
  std::string instance, name, version;
  u32 attempt = 0;
  link::AppState state = link::AppState::none;
  link::Reason reason = link::Reason::none;
  std::string message, trap_func;
  u32 trap_index = 0, trap_offset = 0, exit_code = 0;
  u32 fetched_bytes = 0, total_bytes = 0;
};

struct DeviceReport {
  bool online = false;
  u64 boot_id = 0;
  u32 boot_count = 0;
  u64 uptime_ms = 0, generation = 0;
  AppReport active, next;
  u32 frames_received = 0, frames_dropped = 0, frames_answered = 0;
  u64 bytes_received = 0, bytes_sent = 0;
  u32 handovers = 0, handover_frames_delayed = 0;
  u64 handover_instructions = 0;
  u32 static_bytes = 0, stack_peak_bytes = 0, heap_peak_bytes = 0, arena_peak_bytes = 0;

  /// What the device says of an instance, or null.
  const AppReport* of(std::string_view instance) const;
};

DeviceIdentity identity_of(const link::Hello& hello);
DeviceReport report_of(const link::DeviceStatus& status);

support::Json to_json(const DeviceIdentity& identity);
/// From what to_json wrote; missing fields keep their defaults.
DeviceIdentity identity_from(const support::Json& json);

/// A device's name is also a Node's name and a topic level: an RFC 1123 label.
bool valid_device_name(std::string_view name);

/// Sixteen hex digits.
std::string boot_text(u64 boot_id);

}  // namespace pipit::gateway
