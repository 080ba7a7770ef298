#include "orchestrator/gateway/device.h"

#include <cstdio>
#include <cstdlib>

namespace pipit::gateway {

using support::Json;

namespace {
AppReport app_of(const link::AppStatus& app) {
  AppReport out;
  out.instance = app.instance;
  out.name = app.name;
  out.version = app.version;
  out.attempt = app.attempt;
  out.state = app.state;
  out.reason = app.reason;
  out.message = app.message;
  out.trap_func = app.trap_func;
  out.trap_index = app.trap_index;
  out.trap_offset = app.trap_offset;
  out.exit_code = app.exit_code;
  out.fetched_bytes = app.fetched_bytes;
  out.total_bytes = app.total_bytes;
  return out;
}

u32 u32_at(const Json& json, const char* key) {
  const i64 value = support::int_at(json, {key});
  return value >= 0 && value <= 0xffff'ffff ? static_cast<u32>(value) : 0;
}
}  // namespace

const AppReport* DeviceReport::of(std::string_view instance) const {
  // `next` first: an instance that is started again is there, while `active` still tells of its earlier
  // attempt.
  if (next.state != link::AppState::none && next.instance == instance) return &next;
  if (active.state != link::AppState::none && active.instance == instance) return &active;
  return nullptr;
}

DeviceIdentity identity_of(const link::Hello& hello) {
  DeviceIdentity out;
  out.name = hello.device;
  out.boot_id = hello.boot_id;
  out.boot_count = hello.boot_count;
  out.board = hello.board;
  out.arch = hello.arch;
  out.firmware = hello.firmware;
  out.persistent = hello.persistent;
  out.ram_bytes = hello.ram_bytes;
  out.app_ram_bytes = hello.app_ram_bytes;
  out.slot_bytes = hello.slot_bytes;
  out.sensor_queue = hello.sensor_queue;
  return out;
}

DeviceReport report_of(const link::DeviceStatus& status) {
  DeviceReport out;
  out.online = status.online;
  out.boot_id = status.boot_id;
  out.boot_count = status.boot_count;
  out.uptime_ms = status.uptime_ms;
  out.generation = status.generation;
  out.active = app_of(status.active);
  out.next = app_of(status.next);
  out.frames_received = status.frames_received;
  out.frames_dropped = status.frames_dropped;
  out.frames_answered = status.frames_answered;
  out.bytes_received = status.bytes_received;
  out.bytes_sent = status.bytes_sent;
  out.handovers = status.handovers;
  out.handover_instructions = status.handover_instructions;
  out.handover_frames_delayed = status.handover_frames_delayed;
  out.static_bytes = status.static_bytes;
  out.stack_peak_bytes = status.stack_peak_bytes;
  out.heap_peak_bytes = status.heap_peak_bytes;
  out.arena_peak_bytes = status.arena_peak_bytes;
  return out;
}

Json to_json(const DeviceIdentity& identity) {
  return {{"name", identity.name},
          {"bootId", boot_text(identity.boot_id)},
          {"bootCount", identity.boot_count},
          {"board", identity.board},
          {"arch", identity.arch},
          {"firmware", identity.firmware},
          {"persistent", identity.persistent},
          {"ramBytes", identity.ram_bytes},
          {"appRamBytes", identity.app_ram_bytes},
          {"slotBytes", identity.slot_bytes},
          {"sensorQueue", identity.sensor_queue}};
}

DeviceIdentity identity_from(const Json& json) {
  DeviceIdentity out;
  out.name = support::text_at(json, {"name"});
  out.boot_id = std::strtoull(support::text_at(json, {"bootId"}, "0").c_str(), nullptr, 16);
  out.boot_count = u32_at(json, "bootCount");
  out.board = support::text_at(json, {"board"});
  out.arch = support::text_at(json, {"arch"});
  out.firmware = support::text_at(json, {"firmware"});
  out.persistent = support::bool_at(json, {"persistent"});
  out.ram_bytes = u32_at(json, "ramBytes");
  out.app_ram_bytes = u32_at(json, "appRamBytes");
  out.slot_bytes = u32_at(json, "slotBytes");
  out.sensor_queue = u32_at(json, "sensorQueue");
  return out;
}

bool valid_device_name(std::string_view name) {
  if (name.empty() || name.size() > link::kMaxNameBytes || name.front() == '-' || name.back() == '-')
    return false;
  for (char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  return true;
}

std::string boot_text(u64 boot_id) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(boot_id));
  return text;
}

}  // namespace pipit::gateway
