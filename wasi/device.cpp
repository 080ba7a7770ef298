// pipit:sensor and pipit:telemetry, as sdk/include/pipit/{sensor,telemetry}.h declare them.
#include "wasi/tables.h"

namespace pipit::wasi {
namespace {

/// sensor info, 40 bytes: u32 sequence, u32 bytes, u8 dtype, u8 rank, u16 0, u32 shape[4] at 12, u64 ms
/// at 32.
constexpr u32 kInfoBytes = 40;
constexpr u32 kMaxNameBytes = 63;

/// (name, name_len, out: handle)
Errno sensor_open(Call& call) {
  std::string_view name;
  if (!call.text(call.arg(0), call.arg(1), name) || !call.store(call.arg(2), u32{0})) return Errno::fault;
  if (name.empty() || name.size() > kMaxNameBytes) return Errno::inval;
  if (call.context.sensor == nullptr) return Errno::nodev;
  const auto handle = call.context.sensor->open(name);
  if (!handle.ok()) return to_errno(handle.error().code);
  return call.store(call.arg(2), *handle) ? Errno::success : Errno::fault;
}

void store_info(MutBytes out, const ports::FrameInfo& info) {
  std::memset(out.data(), 0, kInfoBytes);
  store_le(&out[0], info.sequence);
  store_le(&out[4], info.bytes);
  out[8] = static_cast<u8>(info.dtype);
  out[9] = info.rank;
  for (u32 i = 0; i < info.shape.size(); ++i) store_le(&out[12 + i * 4], u32{info.shape[i]});
  store_le(&out[32], info.timestamp_ms);
}

/// (handle, out: frame, frame_len, out: info). Waits for a frame; msgsize when the buffer is too small for
/// the one that waits (it stays), canceled when none will ever come again.
Errno sensor_read(Call& call) {
  MutBytes frame, info_bytes;
  if (!call.bytes(call.arg(1), call.arg(2), frame) || !call.bytes(call.arg(3), kInfoBytes, info_bytes))
    return Errno::fault;
  if (call.context.sensor == nullptr) return Errno::badf;
  // Whoever asks for a frame has set itself up: a successor may take over from here on.
  call.context.reached_first_read = true;
  ports::FrameInfo info;
  const auto taken = call.context.sensor->read(call.arg(0), frame, info);
  if (!taken.ok()) return taken.error().code == Code::not_found ? Errno::badf : to_errno(taken.error().code);
  if (!*taken) return Errno::pending;
  store_info(info_bytes, info);
  return Errno::success;
}

/// (name, name_len, sequence, payload, payload_len). Waits while the outgoing queue is full.
Errno telemetry_publish(Call& call) {
  std::string_view name;
  MutBytes payload;
  if (!call.text(call.arg(0), call.arg(1), name) || !call.bytes(call.arg(3), call.arg(4), payload))
    return Errno::fault;
  if (name.empty() || name.size() > kMaxNameBytes) return Errno::inval;
  if (call.context.telemetry == nullptr) return Errno::nodev;
  const auto taken = call.context.telemetry->publish(name, call.arg(2), payload);
  if (!taken.ok()) return to_errno(taken.error().code);
  return *taken ? Errno::success : Errno::pending;
}

constexpr wasm::HostFunction kFunctions[] = {
    {"pipit:sensor", "open", "iii:i", entry<sensor_open>},
    {"pipit:sensor", "read", "iiii:i", entry<sensor_read>},
    {"pipit:telemetry", "publish", "iiiii:i", entry<telemetry_publish>},
};

}  // namespace

Functions device_functions() { return kFunctions; }
extern constinit const u64 kDeviceId = fingerprint(kFunctions);

}  // namespace pipit::wasi
