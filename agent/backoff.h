#pragma once
#include "ports/clock.h"
#include "ports/entropy.h"

namespace pipit::agent {

/// When to try again: exponential with jitter, so that a fleet that lost its broker does not come back all at
/// once.
class Backoff {
 public:
  Backoff(ports::Clock& clock, ports::Entropy& entropy, u32 first_ms, u32 longest_ms)
      : clock_(&clock), entropy_(&entropy), first_ms_(first_ms), longest_ms_(longest_ms) {}

  bool due() const { return clock_->uptime_ms() >= due_ms_; }
  u32 failures() const { return failures_; }
  void reset() { failures_ = 0, due_ms_ = 0; }
  /// The next attempt is due in between half and all of first × 2^failures, at most the longest.
  void fail() {
    u64 wait = u64{first_ms_} << (failures_ < 16 ? failures_ : 16);
    if (wait > longest_ms_) wait = longest_ms_;
    u32 random = 0;
    entropy_->fill({reinterpret_cast<u8*>(&random), sizeof random});
    due_ms_ = clock_->uptime_ms() + wait / 2 + random % (wait / 2 + 1);
    ++failures_;
  }

 private:
  ports::Clock* clock_;
  ports::Entropy* entropy_;
  u32 first_ms_, longest_ms_;
  u32 failures_ = 0;
  u64 due_ms_ = 0;
};

}  // namespace pipit::agent
