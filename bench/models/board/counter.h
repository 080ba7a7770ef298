#pragma once
#include "base/types.h"

/// Instructions executed, under QEMU's -icount shift=0, where one instruction takes one virtual nanosecond.
namespace pipit::counter {

#if defined(__arm__)
// SysTick (Armv7-M ARM, B3.3) counts the 25 MHz processor clock down, 24 bits wide.
constexpr u32 kInstructionsPerTick = 40;
inline volatile u32* systick() { return reinterpret_cast<volatile u32*>(0xE000E010); }
inline void start() {
  systick()[1] = 0xFFFFFF;
  systick()[2] = 0;
  systick()[0] = 5;  // enabled, processor clock, no interrupt
}
inline u32 now() { return systick()[2]; }
inline u32 between(u32 begin, u32 end) { return ((begin - end) & 0xFFFFFF) * kInstructionsPerTick; }
#else
inline void start() {}
inline u32 now() {
  u32 count;
  asm volatile("csrr %0, minstret" : "=r"(count));
  return count;
}
inline u32 between(u32 begin, u32 end) { return end - begin; }
#endif

}  // namespace pipit::counter
