#pragma once
#include "base/types.h"

namespace pipit::ports {

/// Time as one platform knows it.
class Clock {
 public:
  /// Milliseconds since start-up; monotonic.
  virtual u64 uptime_ms() = 0;
  /// The same as exactly as the platform can tell.
  virtual u64 uptime_ns() { return uptime_ms() * 1'000'000; }
  /// Nanoseconds of processor time that the process, or the calling thread, has used; the uptime where nobody
  /// counts.
  virtual u64 cpu_ns(bool thread) { return uptime_ns(); }
  /// The step in which the clocks above count.
  virtual u64 resolution_ns() { return 1'000'000; }
  /// Nanoseconds since 1970, or since start-up on a board that was never told the time.
  virtual u64 realtime_ns() = 0;
  /// A monotonic counter of guest instructions where the platform has one (QEMU with -icount), else of
  /// nanoseconds. Only differences mean something, and they are never to be printed as milliseconds.
  virtual u64 instructions() = 0;

 protected:
  ~Clock() = default;
};

}  // namespace pipit::ports
