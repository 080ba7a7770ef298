#pragma once
#include "ports/clock.h"

namespace pipit::mewz {

/// Time by the processor's time stamp counter, its rate measured against the 8254 timer at start-up and
/// again, over longer and longer spans, while the machine runs; the date from the CMOS clock.
class TscClock final : public ports::Clock {
 public:
  /// Takes a tenth of a millisecond.
  void init();
  /// Now and then, at least once in a quarter of an hour: makes the rate more exact. Time never jumps.
  void refine();

  u64 uptime_ns() override;
  u64 uptime_ms() override { return uptime_ns() / 1'000'000; }
  u64 realtime_ns() override;
  /// Nanoseconds; a virtual machine does not see instructions.
  u64 instructions() override { return uptime_ns(); }
  u64 tsc_hz() const { return hz_; }

 private:
  void set_rate(u64 now, u64 hz);

  u64 start_ = 0;  ///< time stamp when base_ns_ was right
  u64 base_ns_ = 0;
  u64 factor_ = 0;  ///< nanoseconds per count, 32 binary places
  u64 hz_ = 0;
  u64 first_tsc_ = 0;  ///< of the first timer reading
  u32 first_count_ = 0;
  u64 next_refine_ns_ = 0;
  u64 boot_realtime_ns_ = 0;  ///< known when it is first asked for
  bool dated_ = false;
};

TscClock& clock();

}  // namespace pipit::mewz
