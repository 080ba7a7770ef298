#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/types.h"
#include "support/json.h"

namespace pipit::up {

/// What became of one range of frames on one device.
struct FeedResult {
  u32 sent = 0, answered = 0;
  u32 late = 0;        ///< answered more than kLateAfter after they were due
  u32 lost = 0;        ///< never answered
  u32 duplicates = 0;  ///< answered more than once
  u32 different = 0;   ///< whose output is not the host's, bit for bit
  u32 correct = 0;     ///< whose largest output is the label
};
constexpr int kLateAfterMs = 1000;

struct HandoverResult {
  FeedResult feed;
  bool restarted = false;
  bool native = false;  ///< the new version runs as native code
  u32 frames_delayed = 0;
  u64 instructions = 0;
  u64 update_bytes = 0;    ///< blobs the device fetched for the new version
  u64 bytes_received = 0;  ///< by the device meanwhile, the images too
};

struct TrapResult {
  FeedResult feed;
  std::string reason, message;  ///< as the Pod shows them
};

struct PowerResult {
  double not_ready_s = 0;               ///< since the power was cut
  double ready_s = 0, answering_s = 0;  ///< since it came back
  u64 bytes_received = 0;               ///< until the application ran again; few when it lay in flash
};

struct DeviceResult {
  std::string board, arch;
  u32 sensor_queue = 0;
  bool persistent = false;
  FeedResult feed;
  HandoverResult handover;
  TrapResult trap;
  PowerResult power;
  u64 bytes_received = 0, bytes_sent = 0;
  u32 static_bytes = 0, stack_peak_bytes = 0, heap_peak_bytes = 0, arena_peak_bytes = 0;
};

struct FirmwareResult {
  u64 text = 0;  ///< with .rodata
  u64 data = 0;
  u64 bss = 0;  ///< with .noinit and the reserved stack
};

/// Everything the run measured, and everything that was not as it must be.
struct Report {
  double fp32_percent = 0, int8_percent = 0;  ///< accuracy over the whole test set
  u64 wasm_bytes = 0, model_bytes = 0, package_bytes = 0;
  std::map<std::string, FirmwareResult> firmware;  ///< by board
  std::map<std::string, DeviceResult> devices;
  std::vector<std::string> failures;

  /// Notes a failure unless `holds`.
  void require(bool holds, const std::string& what) {
    if (!holds) failures.push_back(what);
  }
  support::Json json() const;
  /// The result table.
  std::string table() const;
};

}  // namespace pipit::up
