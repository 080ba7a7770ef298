#pragma once
#include "wasm/native/native.h"

/// Where native code called the helper that says this. The stack pointer it had before follows from the
/// helper's frame, which clang lays out alike in every function of a target that asks for it. Boards, which
/// read no call stacks, do not ask.
#if defined(__x86_64__)
#define PIPIT_CALLER_SP (static_cast<const u8*>(__builtin_frame_address(0)) + 16)  // rbp, return address
#elif defined(__aarch64__)
#define PIPIT_CALLER_SP __builtin_sponentry()
#endif
#ifdef PIPIT_CALLER_SP
#define PIPIT_CALLED_FROM \
  TrapSite { .pc = __builtin_return_address(0), .sp = PIPIT_CALLER_SP, .is_call = true }
#else
#define PIPIT_CALLED_FROM \
  TrapSite {}
#endif
