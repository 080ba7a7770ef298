#pragma once
#include "base/types.h"

/// How exceptions and interrupts reach C++ (vectors.S).
namespace pipit::mewz {

namespace vector {
constexpr u32 kDebug = 1, kNonMaskable = 2, kInvalidOpcode = 6, kDoubleFault = 8, kGeneralProtection = 13,
              kPageFault = 14, kMachineCheck = 18;
constexpr u32 kFirstInterrupt = 32, kTimer = 32, kFirstDevice = 33, kSpurious = 47;
constexpr u32 kCount = 48;
}  // namespace vector

/// What was interrupted: pushed by vectors.S and the processor, and restored from here.
struct InterruptFrame {
  u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
  u64 vector, error;
  u64 rip, cs, rflags, rsp, ss;
};

extern "C" const u64 mewz_vector_entries[vector::kCount];
/// Every exception and interrupt, with interrupts off, on a stack of its own; vector registers are saved.
extern "C" void mewz_interrupt(InterruptFrame* frame);

}  // namespace pipit::mewz
