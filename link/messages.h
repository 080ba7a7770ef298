#pragma once
#include <array>

#include "base/arena.h"
#include "base/dtype.h"
#include "base/result.h"
#include "base/types.h"

/// What device and gateway say to each other. Every message is one CBOR map (RFC 8949, definite lengths only)
/// with small integer keys, the first being kVersionKey → kVersion. Decoders take hostile bytes: unknown keys
/// are skipped, wrong types, missing keys and sizes over the bounds below are `malformed` with the byte
/// offset. Decoded views point into the message's bytes. Key numbers are in messages.cpp, one table a
/// message.
namespace pipit::link {

constexpr u32 kVersion = 1;
constexpr usize kMaxNameBytes = 63;
constexpr usize kMaxTextBytes = 256;
constexpr u32 kMaxImports = 48;
constexpr u32 kMaxArguments = 8;
constexpr u32 kMaxEnvironment = 16;
constexpr u32 kMaxBlobs = 4;
constexpr u32 kMaxNatives = 5;           ///< targets that a package has native code for
constexpr u32 kMaxManifestBytes = 3072;  ///< encoded

using Digest = std::array<u8, 32>;  ///< SHA-256

/// Topics: pipit/<device>/<leaf>. `desired` and `status` are retained; the last will is a `status` with
/// online=false.
namespace topic {
constexpr std::string_view kPrefix = "pipit/";
constexpr std::string_view kHello = "hello";
constexpr std::string_view kAdmission = "admission";  ///< gateway → device: answer to a hello, not retained
constexpr std::string_view kDesired = "desired";
constexpr std::string_view kStatus = "status";
constexpr std::string_view kLog = "log";
constexpr std::string_view kTelemetry = "telemetry";
constexpr std::string_view kSensor = "sensor/";  ///< sensor/<name>
}  // namespace topic

/// The device's first word after each connect; repeated every 3 s until admitted.
struct Hello {
  std::string_view device;    ///< "waiot-123456"
  u64 boot_id = 0;            ///< random at each start-up: the identity of this boot
  u32 boot_count = 0;         ///< kept with the slots: starts again at 1 when volatile storage lost its power
  std::string_view board;     ///< "mps2-an386"
  std::string_view arch;      ///< "thumbv7em", "riscv32", "amd64"
  std::string_view firmware;  ///< version
  std::string_view token;     ///< device token from its configuration
  bool persistent = false;    ///< slots survive a restart
  u32 ram_bytes = 0;          ///< RAM of the board as limited
  u32 app_ram_bytes = 0;      ///< arena one application may use
  u32 slot_bytes = 0;         ///< flash one application may use
  u32 sensor_queue = 0;       ///< frames the sensor queue holds
};

/// The gateway's answer. A device does nothing with `desired` before it was admitted; a refused one keeps
/// asking.
struct Admission {
  u64 boot_id = 0;
  bool admitted = false;
  std::string_view reason;  ///< why not: "name is held by another live device"
  u64 realtime_ms = 0;      ///< gateway's clock, Unix time
};

enum class BlobKind : u8 {
  module = 0,
  model = 1,
  native = 2,  ///< the module compiled (.pna): no kind of a manifest, but what take_native() chose
};

/// A file of the package, fetched by digest: GET http://<blob host>/blobs/sha256:<hex> with Range.
struct Blob {
  BlobKind kind = BlobKind::module;
  Digest digest{};
  u32 size = 0;
  std::string_view name;  ///< of a model: what load_by_name finds it by
  u8 target = 0;          ///< of native code: wasm::native::Target
  u32 stack_bytes = 0;    ///< of native code: stack it needs; never less than Manifest::stack_bytes
};

/// What a device checks before it runs an application; written by `pipit build`, media type
/// application/vnd.pipit.manifest.v1+cbor, stored as it is on the device.
struct Manifest {
  std::string_view name, version;
  u64 sequence = 0;
  u32 memory_bytes = 0;                     ///< linear memory the module may use
  u32 stack_bytes = 0;                      ///< engine stack (operands, locals, frames)
  u32 arena_bytes = 0;                      ///< model activation arena(s)
  std::array<Blob, kMaxBlobs + 1> blobs{};  ///< one more for the native code that take_native() chose
  u32 blob_count = 0;
  /// "module.name" of each import, so that a device refuses before it fetches.
  std::array<std::string_view, kMaxImports> imports{};
  u32 import_count = 0;
  /// The same module compiled ahead of time, at most once for each target. What a device has no target for,
  /// and what devices of before this key do not know, runs from the module.
  std::array<Blob, kMaxNatives> natives{};
  u32 native_count = 0;
};

/// Makes the native code for `target` the last of the blobs, and its need of stack the manifest's; false when
/// there is none. `target` 0 is none.
bool take_native(Manifest& manifest, u8 target);

/// What should run on the device. app == false: nothing.
struct Desired {
  u64 generation = 0;  ///< grows with each change; echoed in Status
  bool app = false;
  std::string_view instance;  ///< opaque id of this start, the Pod's uid
  u32 attempt = 0;            ///< grows when a failed instance is to be started again
  Bytes manifest;             ///< encoded Manifest
  std::array<std::string_view, kMaxArguments> arguments{};
  u32 argument_count = 0;
  std::array<std::string_view, kMaxEnvironment> environment{};  ///< "KEY=value"
  u32 environment_count = 0;
};

enum class AppState : u8 {
  none = 0,
  fetching = 1,
  verifying = 2,
  starting = 3,  ///< instantiated, has not asked for its first frame yet
  running = 4,   ///< has taken over
  exited = 5,    ///< ended by itself; exit_code
  failed = 6,    ///< reason and message say why
  stopped = 7,   ///< ended because desired state said so
};

/// Why an application failed; the CamelCase text is what a Pod shows as its reason.
enum class Reason : u8 {
  none = 0,
  fetch_failed = 1,
  digest_mismatch = 2,
  invalid_manifest = 3,
  invalid_module = 4,
  unknown_import = 5,
  out_of_memory = 6,
  invalid_model = 7,
  trapped = 8,
  storage_failed = 9,
  unsupported_arguments = 10,
  unresponsive = 11,  ///< took connections and did not answer
};
std::string_view reason_text(Reason reason);  ///< "DigestMismatch", …

/// One application as the device sees it.
struct AppStatus {
  std::string_view instance;
  std::string_view name, version;
  u32 attempt = 0;
  AppState state = AppState::none;
  Reason reason = Reason::none;
  std::string_view message;    ///< one line for people
  std::string_view trap_func;  ///< name of the Wasm function a trap happened in
  u32 trap_index = 0;          ///< its index
  u32 trap_offset = 0;         ///< offset of the instruction in the module
  u32 exit_code = 0;
  u32 fetched_bytes = 0, total_bytes = 0;
  bool native = false;  ///< runs as native code
};

/// Retained; published when anything in it changes and every 10 s.
struct DeviceStatus {
  bool online = false;  ///< false only in the last will
  u64 boot_id = 0;
  u32 boot_count = 0;
  u64 uptime_ms = 0;
  u64 generation = 0;  ///< of the Desired last acted on
  AppStatus active;    ///< the application that answers; state none when there is none
  AppStatus next;  ///< the one being fetched or started, or that failed last; state none when there is none
  // Counters since boot.
  u32 frames_received = 0, frames_dropped = 0, frames_answered = 0;
  u64 bytes_received = 0, bytes_sent = 0;
  // Last hand-over between two applications: instructions from the old one's last result to the new one's
  // first, and frames that arrived in between and waited.
  u32 handovers = 0;
  u64 handover_instructions = 0;
  u32 handover_frames_delayed = 0;
  // Memory, measured: static image, and most ever used of stack, network heap and application arenas.
  u32 static_bytes = 0, stack_peak_bytes = 0, heap_peak_bytes = 0, arena_peak_bytes = 0;
};

/// A line the application printed.
struct Log {
  std::string_view instance;
  u32 sequence = 0;    ///< counts lines of this instance from 0
  bool error = false;  ///< standard error
  u64 uptime_ms = 0;
  std::string_view text;
};

/// One result, as pipit:telemetry.publish gave it.
struct TelemetryMessage {
  std::string_view instance;
  std::string_view version;
  std::string_view name;
  u32 sequence = 0;      ///< of the frame it answers
  u64 instructions = 0;  ///< device instruction counter when it was published
  Bytes payload;
};

/// One frame for a device's sensor port.
struct SensorFrame {
  u32 sequence = 0;
  DType dtype = DType::u8;
  u8 rank = 0;
  std::array<u16, 4> shape{};
  Bytes data;
};

/// Whether a frame's data are as many bytes as its shape and type say.
bool holds_its_shape(const SensorFrame& frame);

/// Encoders write one message into `out` and return the bytes used, or out_of_memory. Fields
/// with their default are left out; text is cut to its bound; byte strings over theirs are refused by the
/// decoder.
Result<Bytes> encode(const Hello&, MutBytes out);
Result<Bytes> encode(const Admission&, MutBytes out);
Result<Bytes> encode(const Manifest&, MutBytes out);
Result<Bytes> encode(const Desired&, MutBytes out);
Result<Bytes> encode(const DeviceStatus&, MutBytes out);
Result<Bytes> encode(const Log&, MutBytes out);
Result<Bytes> encode(const TelemetryMessage&, MutBytes out);
Result<Bytes> encode(const SensorFrame&, MutBytes out);

Status decode(Bytes message, Hello& out);
Status decode(Bytes message, Admission& out);
Status decode(Bytes message, Manifest& out);
Status decode(Bytes message, Desired& out);
Status decode(Bytes message, DeviceStatus& out);
Status decode(Bytes message, Log& out);
Status decode(Bytes message, TelemetryMessage& out);
Status decode(Bytes message, SensorFrame& out);

/// What a device is told once, in its configuration sector (at a fixed place in flash): a CBOR map after the
/// magic "PIPITCFG", a u32 length and a u32 CRC-32 of the map.
struct DeviceConfig {
  std::array<u8, 4> broker_host{};
  u16 broker_port = 0;
  std::array<u8, 4> blob_host{};
  u16 blob_port = 0;
  std::string_view token;
};
Result<Bytes> encode_config(const DeviceConfig&, MutBytes out);
Status decode_config(Bytes sector, DeviceConfig& out);

}  // namespace pipit::link
