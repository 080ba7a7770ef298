#pragma once
#include "wasm/register/machine.h"
#include "wasm/trap.h"

/// All numeric instructions in one function, as small as it goes: for microcontrollers.
namespace pipit::wasm::reg {

/// What a numeric instruction works on.
struct NumericState {
  Value* d;        ///< slot rd
  const Value* a;  ///< slot ra
  const Value* b;  ///< slot rb
  u32 acc;         ///< accumulators before and after
  f32 fs;
  f64 fd;
};

/// Computes instruction `number` (instructions.def). `none`, or why it traps; then nothing has changed.
TrapKind compute(u32 number, NumericState& state);

}  // namespace pipit::wasm::reg
