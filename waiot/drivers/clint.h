#pragma once
#include "ports/clock.h"
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// Time from the RISC-V machine timer of a SiFive CLINT, which interrupts every 10 ms, and from `instret`.
/// QEMU derives `instret` from virtual time, which goes on while the processor sleeps; slept() takes that out
/// again, so that instructions() counts executed instructions, exactly.
class Clint final : public ports::Clock {
 public:
  static constexpr u32 kTickMs = 10;

  constexpr Clint(usize base, u32 timer_hz) : registers_(base), counts_per_ms_(timer_hz / 1000) {}
  /// Arms the next tick: at start-up, and from the timer interrupt.
  void arm();
  u64 counts() const;
  /// The processor's count of retired instructions.
  static u64 instret();
  /// Instructions that instret() counted while the processor slept.
  void slept(u64 instructions) { slept_ += instructions; }

  u64 uptime_ms() override { return counts() / counts_per_ms_; }
  u64 realtime_ns() override { return uptime_ms() * 1'000'000; }
  u64 instructions() override { return instret() - slept_; }

 private:
  Registers registers_;
  u32 counts_per_ms_;
  u64 slept_ = 0;
};

}  // namespace pipit::waiot
