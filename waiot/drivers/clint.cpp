#include "waiot/drivers/clint.h"

namespace pipit::waiot {
namespace {

// SiFive FE310-G002 manual, chapter 10; hart 0.
constexpr u32 kCompareLow = 0x4000;
constexpr u32 kCompareHigh = 0x4004;
constexpr u32 kTimeLow = 0xBFF8;
constexpr u32 kTimeHigh = 0xBFFC;

}  // namespace

u64 Clint::counts() const {
  for (;;) {
    const u32 high = registers_.read(kTimeHigh);
    const u32 low = registers_.read(kTimeLow);
    if (registers_.read(kTimeHigh) == high) return u64{high} << 32 | low;
  }
}

void Clint::arm() {
  const u64 next = counts() + u64{kTickMs} * counts_per_ms_;
  // Privileged spec §3.2.1: no value in between may lie in the past.
  registers_.write(kCompareHigh, ~u32{0});
  registers_.write(kCompareLow, static_cast<u32>(next));
  registers_.write(kCompareHigh, static_cast<u32>(next >> 32));
}

u64 Clint::instret() {
  for (;;) {
    u32 high, low, again;
    asm volatile("csrr %0, instreth" : "=r"(high));
    asm volatile("csrr %0, instret" : "=r"(low));
    asm volatile("csrr %0, instreth" : "=r"(again));
    if (high == again) return u64{high} << 32 | low;
  }
}

}  // namespace pipit::waiot
