#include "link/messages.h"

#include <cstring>

#include "base/crc32.h"
#include "base/endian.h"
#include "link/fields.h"

namespace pipit::link {
namespace {

// Every table below is a contract with devices in the field: a key keeps its number and meaning for ever;
// what is new gets a new key and is not required.

constexpr bool kRequired = true, kOptional = false;
constexpr u32 kMaxFrameBytes = 1u << 20;
constexpr u32 kMaxPayloadBytes = 64 * 1024;

#define FIELD(type, key, kind, required, member, max) {key, Kind::kind, required, offsetof(type, member), max}
#define ARRAY(type, key, kind, member, count, max) \
  {key, Kind::kind, kOptional, offsetof(type, member), max, offsetof(type, count)}

constexpr Field kHello[] = {
    FIELD(Hello, 1, text, kRequired, device, kMaxNameBytes),
    FIELD(Hello, 2, u64_, kRequired, boot_id, 0),
    FIELD(Hello, 3, u32_, kOptional, boot_count, 0),
    FIELD(Hello, 4, text, kRequired, board, kMaxNameBytes),
    FIELD(Hello, 5, text, kRequired, arch, kMaxNameBytes),
    FIELD(Hello, 6, text, kOptional, firmware, kMaxNameBytes),
    FIELD(Hello, 7, text, kOptional, token, kMaxTextBytes),
    FIELD(Hello, 8, boolean, kOptional, persistent, 0),
    FIELD(Hello, 9, u32_, kOptional, ram_bytes, 0),
    FIELD(Hello, 10, u32_, kRequired, app_ram_bytes, 0),
    FIELD(Hello, 11, u32_, kRequired, slot_bytes, 0),
    FIELD(Hello, 12, u32_, kOptional, sensor_queue, 0),
};

constexpr Field kAdmission[] = {
    FIELD(Admission, 1, u64_, kRequired, boot_id, 0),
    FIELD(Admission, 2, boolean, kRequired, admitted, 0),
    FIELD(Admission, 3, text, kOptional, reason, kMaxTextBytes),
    FIELD(Admission, 4, u64_, kOptional, realtime_ms, 0),
};

constexpr Field kBlobFields[] = {
    FIELD(Blob, 1, u8_, kRequired, kind, static_cast<u32>(BlobKind::model)),
    FIELD(Blob, 2, fixed, kRequired, digest, sizeof(Digest)),
    FIELD(Blob, 3, u32_, kRequired, size, 0),
    FIELD(Blob, 4, text, kOptional, name, kMaxNameBytes),
};
constexpr Schema kBlob = {kBlobFields, false};

constexpr Field kNativeFields[] = {
    FIELD(Blob, 1, u8_, kRequired, target, 0),
    FIELD(Blob, 2, fixed, kRequired, digest, sizeof(Digest)),
    FIELD(Blob, 3, u32_, kRequired, size, 0),
    FIELD(Blob, 4, u32_, kOptional, stack_bytes, 0),
};
constexpr Schema kNative = {kNativeFields, false};

constexpr Field kManifest[] = {
    FIELD(Manifest, 1, text, kRequired, name, kMaxNameBytes),
    FIELD(Manifest, 2, text, kRequired, version, kMaxNameBytes),
    FIELD(Manifest, 3, u64_, kOptional, sequence, 0),
    FIELD(Manifest, 4, u32_, kRequired, memory_bytes, 0),
    FIELD(Manifest, 5, u32_, kRequired, stack_bytes, 0),
    FIELD(Manifest, 6, u32_, kOptional, arena_bytes, 0),
    {7, Kind::structs, kRequired, offsetof(Manifest, blobs), kMaxBlobs, offsetof(Manifest, blob_count),
     sizeof(Blob), &kBlob},
    ARRAY(Manifest, 8, texts, imports, import_count, kMaxImports),
    {9, Kind::structs, kOptional, offsetof(Manifest, natives), kMaxNatives, offsetof(Manifest, native_count),
     sizeof(Blob), &kNative},
};

constexpr Field kDesired[] = {
    FIELD(Desired, 1, u64_, kRequired, generation, 0),
    FIELD(Desired, 2, boolean, kRequired, app, 0),
    FIELD(Desired, 3, text, kOptional, instance, kMaxNameBytes),
    FIELD(Desired, 4, u32_, kOptional, attempt, 0),
    FIELD(Desired, 5, bytes, kOptional, manifest, kMaxManifestBytes),
    ARRAY(Desired, 6, texts, arguments, argument_count, kMaxArguments),
    ARRAY(Desired, 7, texts, environment, environment_count, kMaxEnvironment),
};

constexpr Field kAppFields[] = {
    FIELD(AppStatus, 1, text, kOptional, instance, kMaxNameBytes),
    FIELD(AppStatus, 2, text, kOptional, name, kMaxNameBytes),
    FIELD(AppStatus, 3, text, kOptional, version, kMaxNameBytes),
    FIELD(AppStatus, 4, u32_, kOptional, attempt, 0),
    FIELD(AppStatus, 5, u8_, kOptional, state, static_cast<u32>(AppState::stopped)),
    FIELD(AppStatus, 6, u8_, kOptional, reason, static_cast<u32>(Reason::unresponsive)),
    FIELD(AppStatus, 7, text, kOptional, message, kMaxTextBytes),
    FIELD(AppStatus, 8, text, kOptional, trap_func, kMaxTextBytes),
    FIELD(AppStatus, 9, u32_, kOptional, trap_index, 0),
    FIELD(AppStatus, 10, u32_, kOptional, trap_offset, 0),
    FIELD(AppStatus, 11, u32_, kOptional, exit_code, 0),
    FIELD(AppStatus, 12, u32_, kOptional, fetched_bytes, 0),
    FIELD(AppStatus, 13, u32_, kOptional, total_bytes, 0),
    FIELD(AppStatus, 14, boolean, kOptional, native, 0),
};
constexpr Schema kApp = {kAppFields, false};

#define NESTED(type, key, member, schema) \
  {key, Kind::nested, kOptional, offsetof(type, member), 0, 0, 0, schema}

constexpr Field kStatus[] = {
    FIELD(DeviceStatus, 1, boolean, kRequired, online, 0),
    FIELD(DeviceStatus, 2, u64_, kRequired, boot_id, 0),
    FIELD(DeviceStatus, 3, u32_, kOptional, boot_count, 0),
    FIELD(DeviceStatus, 4, u64_, kOptional, uptime_ms, 0),
    FIELD(DeviceStatus, 5, u64_, kOptional, generation, 0),
    NESTED(DeviceStatus, 6, active, &kApp),
    NESTED(DeviceStatus, 7, next, &kApp),
    FIELD(DeviceStatus, 8, u32_, kOptional, frames_received, 0),
    FIELD(DeviceStatus, 9, u32_, kOptional, frames_dropped, 0),
    FIELD(DeviceStatus, 10, u32_, kOptional, frames_answered, 0),
    FIELD(DeviceStatus, 11, u64_, kOptional, bytes_received, 0),
    FIELD(DeviceStatus, 12, u64_, kOptional, bytes_sent, 0),
    FIELD(DeviceStatus, 13, u32_, kOptional, handovers, 0),
    FIELD(DeviceStatus, 14, u64_, kOptional, handover_instructions, 0),
    FIELD(DeviceStatus, 15, u32_, kOptional, handover_frames_delayed, 0),
    FIELD(DeviceStatus, 16, u32_, kOptional, static_bytes, 0),
    FIELD(DeviceStatus, 17, u32_, kOptional, stack_peak_bytes, 0),
    FIELD(DeviceStatus, 18, u32_, kOptional, heap_peak_bytes, 0),
    FIELD(DeviceStatus, 19, u32_, kOptional, arena_peak_bytes, 0),
};

constexpr Field kLog[] = {
    FIELD(Log, 1, text, kRequired, instance, kMaxNameBytes),
    FIELD(Log, 2, u32_, kRequired, sequence, 0),
    FIELD(Log, 3, boolean, kOptional, error, 0),
    FIELD(Log, 4, u64_, kOptional, uptime_ms, 0),
    FIELD(Log, 5, text, kRequired, text, kMaxTextBytes),
};

constexpr Field kTelemetry[] = {
    FIELD(TelemetryMessage, 1, text, kRequired, instance, kMaxNameBytes),
    FIELD(TelemetryMessage, 2, text, kOptional, version, kMaxNameBytes),
    FIELD(TelemetryMessage, 3, text, kRequired, name, kMaxNameBytes),
    FIELD(TelemetryMessage, 4, u32_, kRequired, sequence, 0),
    FIELD(TelemetryMessage, 5, u64_, kOptional, instructions, 0),
    FIELD(TelemetryMessage, 6, bytes, kRequired, payload, kMaxPayloadBytes),
};

constexpr Field kSensorFrame[] = {
    FIELD(SensorFrame, 1, u32_, kRequired, sequence, 0),
    FIELD(SensorFrame, 2, u8_, kRequired, dtype, static_cast<u32>(DType::boolean)),
    ARRAY(SensorFrame, 3, u16s, shape, rank, 4),
    FIELD(SensorFrame, 4, bytes, kRequired, data, kMaxFrameBytes),
};

constexpr Field kDeviceConfig[] = {
    FIELD(DeviceConfig, 1, fixed, kRequired, broker_host, 4),
    FIELD(DeviceConfig, 2, u16_, kRequired, broker_port, 0),
    FIELD(DeviceConfig, 3, fixed, kRequired, blob_host, 4),
    FIELD(DeviceConfig, 4, u16_, kRequired, blob_port, 0),
    FIELD(DeviceConfig, 5, text, kOptional, token, kMaxTextBytes),
};

constexpr std::string_view kConfigMagic = "PIPITCFG";
constexpr usize kConfigHeadBytes = 16;  // magic, u32 length of the map, u32 CRC-32 of the map
constexpr u32 kMaxConfigBytes = 1024;

template <class T>
Result<Bytes> encode_map(std::span<const Field> fields, const T& message, MutBytes out) {
  cbor::Writer writer(out);
  write_map(writer, {fields, true}, &message);
  return writer.finish();
}

/// `out` is only touched when all of the message is good.
template <class T>
Status decode_map(std::span<const Field> fields, Bytes message, T& out) {
  T read;
  cbor::Reader reader(message);
  TRY(read_map(reader, {fields, true}, &read));
  TRY(reader.end());
  out = read;
  return {};
}

}  // namespace

std::string_view reason_text(Reason reason) {
  static constexpr std::string_view kTexts[] = {"",
                                                "FetchFailed",
                                                "DigestMismatch",
                                                "InvalidManifest",
                                                "InvalidModule",
                                                "UnknownImport",
                                                "OutOfMemory",
                                                "InvalidModel",
                                                "Trapped",
                                                "StorageFailed",
                                                "UnsupportedArguments",
                                                "Unresponsive"};
  const usize index = static_cast<usize>(reason);
  return index < std::size(kTexts) ? kTexts[index] : "Unknown";
}

#define MESSAGE(type, table)                                                                          \
  Result<Bytes> encode(const type& message, MutBytes out) { return encode_map(table, message, out); } \
  Status decode(Bytes message, type& out) { return decode_map(table, message, out); }
MESSAGE(Hello, kHello)
MESSAGE(Admission, kAdmission)
MESSAGE(Manifest, kManifest)
MESSAGE(Desired, kDesired)
MESSAGE(DeviceStatus, kStatus)
MESSAGE(Log, kLog)
MESSAGE(TelemetryMessage, kTelemetry)
MESSAGE(SensorFrame, kSensorFrame)

bool holds_its_shape(const SensorFrame& frame) {
  const u32 bytes = static_cast<u32>(frame.data.size()), each = dtype_bytes(frame.dtype);
  u64 elements = 1;  // of four u16 at most; what they take might be 2^64 more than there is
  for (u32 i = 0; i < frame.rank; ++i) elements *= frame.shape[i];
  return bytes % each == 0 && elements == bytes / each;
}

bool take_native(Manifest& manifest, u8 target) {
  for (u32 i = 0; i < manifest.native_count; ++i) {
    Blob& native = manifest.natives[i];
    if (target == 0 || native.target != target || manifest.blob_count == manifest.blobs.size()) continue;
    native.kind = BlobKind::native;
    manifest.blobs[manifest.blob_count++] = native;
    if (native.stack_bytes > manifest.stack_bytes) manifest.stack_bytes = native.stack_bytes;
    return true;
  }
  return false;
}

Result<Bytes> encode_config(const DeviceConfig& config, MutBytes out) {
  if (out.size() < kConfigHeadBytes)
    return Error{Code::out_of_memory, "configuration does not fit its buffer", static_cast<u32>(out.size())};
  const Bytes map = TRY(encode_map(kDeviceConfig, config, out.subspan(kConfigHeadBytes)));
  std::memcpy(out.data(), kConfigMagic.data(), kConfigMagic.size());
  store_le(&out[8], static_cast<u32>(map.size()));
  store_le(&out[12], crc32(map));
  return Bytes(out.first(kConfigHeadBytes + map.size()));
}

Status decode_config(Bytes sector, DeviceConfig& out) {
  if (sector.size() < kConfigHeadBytes || as_text(sector.first(kConfigMagic.size())) != kConfigMagic)
    return Error{Code::not_found, "no device configuration here", 0};
  const u32 size = load_le<u32>(&sector[8]);
  if (size > kMaxConfigBytes || size > sector.size() - kConfigHeadBytes)
    return Error{Code::malformed, "device configuration is longer than its sector", 8};
  const Bytes map = sector.subspan(kConfigHeadBytes, size);
  if (crc32(map) != load_le<u32>(&sector[12]))
    return Error{Code::malformed, "device configuration is damaged", 12};
  return decode_map(kDeviceConfig, map, out);
}

}  // namespace pipit::link
