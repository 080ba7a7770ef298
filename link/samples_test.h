#pragma once
#include "link/messages.h"

/// One full example of every message, for the tests.
namespace pipit::link::sample {

inline Hello hello() {
  return {"waiot-123456",
          0x1122334455667788u,
          3,
          "mps2-an386",
          "thumbv7em",
          "0.1.0",
          "secret",
          true,
          262144,
          57344,
          1u << 20,
          12};
}
inline Admission admission() { return {5, false, "name is held by another live device", 1'700'000'000'123u}; }
inline Manifest manifest() {
  Manifest out;
  out.name = "fashion", out.version = "v2", out.sequence = 2;
  out.memory_bytes = 16384, out.stack_bytes = 8192, out.arena_bytes = 12000;
  out.blob_count = 2;
  out.blobs[0] = {BlobKind::module, {}, 9000, ""};
  out.blobs[1] = {BlobKind::model, {}, 60000, "classifier"};
  out.blobs[1].digest.fill(0xCD);
  out.native_count = 2;
  out.natives[0] = {.size = 20000, .target = 3, .stack_bytes = 9216};
  out.natives[1] = {.size = 24000, .target = 4};
  out.natives[1].digest.fill(0xEF);
  out.import_count = 2;
  out.imports = {"wasi_snapshot_preview1.fd_write", "pipit:sensor.read"};
  return out;
}
inline Desired desired(Bytes manifest) {
  Desired out;
  out.generation = 9, out.app = true, out.instance = "0f4e-uid", out.attempt = 2, out.manifest = manifest;
  out.arguments = {"fashion", "--rate=5"}, out.argument_count = 2;
  out.environment = {"MODE=fast"}, out.environment_count = 1;
  return out;
}
inline DeviceStatus status() {
  DeviceStatus out;
  out.online = true, out.boot_id = 5, out.boot_count = 2, out.uptime_ms = 12345, out.generation = 9;
  out.active = {"a-uid", "fashion", "v2", 0, AppState::running};
  out.next = {"b-uid",         "fashion",     "v3",       1, AppState::failed,
              Reason::trapped, "unreachable", "classify", 7, 0x1234};
  out.frames_received = 500, out.frames_dropped = 1, out.frames_answered = 499;
  out.bytes_received = 1u << 20, out.bytes_sent = 99;
  out.handovers = 1, out.handover_instructions = 123'456'789'012u, out.handover_frames_delayed = 2;
  out.static_bytes = 1, out.stack_peak_bytes = 2, out.heap_peak_bytes = 3, out.arena_peak_bytes = 4;
  return out;
}
inline Log log() { return {"a-uid", 3, true, 99, "label 9"}; }
inline TelemetryMessage telemetry() { return {"a-uid", "v2", "label", 499, 1u << 30, as_bytes("result")}; }
inline SensorFrame frame() { return {7, DType::u8, 3, {1, 28, 28}, as_bytes("12345678")}; }

}  // namespace pipit::link::sample
