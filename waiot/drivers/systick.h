#pragma once
#include "ports/clock.h"

namespace pipit::waiot {

/// Time from the Cortex-M system timer (Armv7-M ARM, B3.3), which wraps and interrupts every 10 ms.
/// Under QEMU's `-icount shift=0` one instruction takes 1 ns of virtual time, so that a 25 MHz tick is 40
/// instructions: instructions() advances in steps of 40. Time asleep is taken out of it by slept().
class SysTick final : public ports::Clock {
 public:
  static constexpr u32 kTickMs = 10;

  /// Starts the timer and its interrupt. `clock_hz` feeds it; kTickMs of it must fit 24 bits.
  void init(u32 clock_hz);
  /// From the SysTick exception.
  void on_tick() { wraps_ = wraps_ + 1; }
  /// Counts of the timer since init().
  u64 counts();
  /// Time in `counts` during which the processor slept and executed nothing.
  void slept(u64 counts) { slept_counts_ += counts; }

  u64 uptime_ms() override;
  u64 realtime_ns() override { return uptime_ms() * 1'000'000; }
  u64 instructions() override;

 private:
  u32 reload_ = 0;
  u32 counts_per_ms_ = 0;
  u32 instructions_per_count_ = 0;
  volatile u32 wraps_ = 0;
  u64 slept_counts_ = 0;
};

}  // namespace pipit::waiot
