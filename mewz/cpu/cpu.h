#pragma once
#include "base/types.h"

/// Instructions that C++ has no words for (Intel SDM volume 2).
namespace pipit::mewz::cpu {

inline void out8(u16 port, u8 value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
inline void out16(u16 port, u16 value) { asm volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
inline void out32(u16 port, u32 value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
inline u8 in8(u16 port) {
  u8 value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
inline u32 in32(u16 port) {
  u32 value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

struct Cpuid {
  u32 eax, ebx, ecx, edx;
};
inline Cpuid cpuid(u32 leaf, u32 subleaf = 0) {
  Cpuid r;
  asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

inline u64 read_msr(u32 msr) {
  u32 low, high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return u64{high} << 32 | low;
}
inline void write_msr(u32 msr, u64 value) {
  asm volatile("wrmsr" ::"c"(msr), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32))
               : "memory");
}

#define PIPIT_CONTROL_REGISTER(name)                   \
  inline u64 read_##name() {                           \
    u64 value;                                         \
    asm volatile("mov %%" #name ", %0" : "=r"(value)); \
    return value;                                      \
  }                                                    \
  inline void write_##name(u64 value) { asm volatile("mov %0, %%" #name ::"r"(value) : "memory"); }
PIPIT_CONTROL_REGISTER(cr0)
PIPIT_CONTROL_REGISTER(cr2)
PIPIT_CONTROL_REGISTER(cr3)
PIPIT_CONTROL_REGISTER(cr4)
#undef PIPIT_CONTROL_REGISTER

/// Time stamp counter, not before earlier loads.
inline u64 read_tsc() {
  u32 low, high;
  asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
  return u64{high} << 32 | low;
}
inline void invalidate_page(usize address) { asm volatile("invlpg (%0)" ::"r"(address) : "memory"); }
inline void enable_interrupts() { asm volatile("sti" ::: "memory"); }
inline void disable_interrupts() { asm volatile("cli" ::: "memory"); }
inline bool interrupts_enabled() {
  u64 flags;
  asm volatile("pushfq\n\tpopq %0" : "=r"(flags)::"memory");
  return (flags & 1u << 9) != 0;
}
/// Enables interrupts and sleeps, with nothing in between: an interrupt that is due wakes it.
inline void wait_for_interrupt() { asm volatile("sti\n\thlt" ::: "memory"); }
inline void pause() { asm volatile("pause"); }
[[noreturn]] inline void halt() {
  for (;;) asm volatile("cli\n\thlt");
}

}  // namespace pipit::mewz::cpu
