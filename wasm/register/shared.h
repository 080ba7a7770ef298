#pragma once
#include "wasm/register/machine.h"

/// i32 arithmetic and comparisons, f32 arithmetic and comparisons, loads and stores in one function, as small
/// as it goes: for microcontrollers, where only what inner loops consist of has handlers of its own.
namespace pipit::wasm::reg {

/// What such an instruction works on: the frame, and the accumulators before and after.
struct SharedState {
  Value* fp;
  const Machine* machine;  ///< for its memory
  u32 acc;
  f32 fs;
  f64 fd;
  bool goes_back;  ///< it was a branch back, which costs fuel
};

/// Codes below are all shareable, but for those that is_shareable() excepts.
constexpr u32 kShareable = static_cast<u32>(Code::f32_madd_a);

/// Whether execute_shared() knows the instruction.
constexpr bool is_shareable(Code code) {
  return static_cast<u32>(code) < kShareable && (code < Code::div_s || code >= Code::load_s_a) &&
         code != Code::far_s && code != Code::far_a;
}

/// Executes the instruction at `pc`, whose code is `code`, and returns where to go on; null when it accesses
/// what lies beyond the memory: then nothing has changed.
const u8* execute_shared(Code code, const u8* pc, SharedState& state);

}  // namespace pipit::wasm::reg
