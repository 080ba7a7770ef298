#pragma once
#include "base/types.h"

/// Semihosting, by which a bare-metal program prints through QEMU and ends it (Arm "Semihosting for AArch32
/// and AArch64", 2022; the RISC-V trap sequence is that of the RISC-V semihosting specification 0.4).
namespace pipit::semihosting {

inline i32 call(u32 operation, usize argument) {
#if defined(__arm__)
  register u32 r0 asm("r0") = operation;
  register usize r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return static_cast<i32>(r0);
#else
  register u32 a0 asm("a0") = operation;
  register usize a1 asm("a1") = argument;
  asm volatile(
      ".option push\n.option norvc\n.balign 16\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return static_cast<i32>(a0);
#endif
}

inline void print(const char* text) { call(0x04, reinterpret_cast<usize>(text)); }

/// Ends QEMU; with 0 it exits well.
[[noreturn]] inline void exit(u32 code) {
  const u32 block[2] = {0x20026, code};  // ADP_Stopped_ApplicationExit
  call(0x20, reinterpret_cast<usize>(block));
  for (;;) {
  }
}

}  // namespace pipit::semihosting
