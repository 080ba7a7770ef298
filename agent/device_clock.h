#pragma once
#include "ports/clock.h"

namespace pipit::agent {

/// The platform's clock, told the time by the gateway.
class DeviceClock final : public ports::Clock {
 public:
  explicit DeviceClock(ports::Clock& clock) : clock_(clock) {}
  u64 uptime_ms() override { return clock_.uptime_ms(); }
  u64 instructions() override { return clock_.instructions(); }
  u64 realtime_ns() override {
    return told_ms_ == 0 ? clock_.realtime_ns() : (told_ms_ + clock_.uptime_ms() - told_at_ms_) * 1'000'000;
  }
  /// It is `unix_ms` now. 0 is no time.
  void tell(u64 unix_ms) { told_ms_ = unix_ms, told_at_ms_ = clock_.uptime_ms(); }

 private:
  ports::Clock& clock_;
  u64 told_ms_ = 0, told_at_ms_ = 0;
};

}  // namespace pipit::agent
