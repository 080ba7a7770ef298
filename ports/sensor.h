#pragma once
#include <array>

#include "base/dtype.h"
#include "base/result.h"
#include "base/types.h"

namespace pipit::ports {

/// What a sensor delivers: a small tensor with a sequence number given by its source.
struct FrameInfo {
  u32 sequence = 0;
  DType dtype = DType::u8;
  u8 rank = 0;
  std::array<u16, 4> shape{};
  u32 bytes = 0;         ///< payload size
  u64 timestamp_ms = 0;  ///< uptime when the frame reached this device
};

/// Where an application's frames come from.
class Sensor {
 public:
  /// A handle for the named sensor, or not_found.
  virtual Result<u32> open(std::string_view name) = 0;
  /// Moves the oldest waiting frame into `out` and `info`: true; false when none is waiting (ask again
  /// later). out_of_range when `out` is too small (the frame stays), cancelled when no frame will ever come
  /// again.
  virtual Result<bool> read(u32 handle, MutBytes out, FrameInfo& info) = 0;

 protected:
  ~Sensor() = default;
};

/// Where an application's results go.
class Telemetry {
 public:
  /// Hands over one result; true when taken, false when the outgoing queue is full (ask again later).
  virtual Result<bool> publish(std::string_view name, u32 sequence, Bytes payload) = 0;

 protected:
  ~Telemetry() = default;
};

}  // namespace pipit::ports
