#include "waiot/drivers/systick.h"

#include "waiot/drivers/mmio.h"

namespace pipit::waiot {
namespace {

// Armv7-M ARM (DDI 0403), table B3-7 and B3.2.4.
constexpr Registers kTimer(0xE000'E010);
constexpr u32 kControl = 0x0;
constexpr u32 kReload = 0x4;
constexpr u32 kCurrent = 0x8;
constexpr u32 kControlEnable = 1u << 0;
constexpr u32 kControlInterrupt = 1u << 1;
constexpr u32 kControlProcessorClock = 1u << 2;
constexpr Registers kSystemControl(0xE000'ED00);
constexpr u32 kInterruptState = 0x4;
constexpr u32 kSysTickPending = 1u << 26;

constexpr u32 kVirtualInstructionsPerSecond = 1'000'000'000;  // -icount shift=0

}  // namespace

void SysTick::init(u32 clock_hz) {
  counts_per_ms_ = clock_hz / 1000;
  reload_ = counts_per_ms_ * kTickMs;
  instructions_per_count_ = kVirtualInstructionsPerSecond / clock_hz;
  kTimer.write(kReload, reload_ - 1);
  kTimer.write(kCurrent, 0);
  kTimer.write(kControl, kControlEnable | kControlInterrupt | kControlProcessorClock);
}

u64 SysTick::counts() {
  // With the exception held off, a pending wrap is either seen together with the small new count, or neither
  // is.
  u32 masked;
  asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
  u32 current = kTimer.read(kCurrent);
  u32 wraps = wraps_;
  if ((kSystemControl.read(kInterruptState) & kSysTickPending) != 0) {
    current = kTimer.read(kCurrent);
    ++wraps;
  }
  asm volatile("msr primask, %0" ::"r"(masked) : "memory");
  return u64{wraps} * reload_ + (reload_ - 1 - current);
}

u64 SysTick::uptime_ms() { return counts() / counts_per_ms_; }

u64 SysTick::instructions() { return (counts() - slept_counts_) * instructions_per_count_; }

}  // namespace pipit::waiot
