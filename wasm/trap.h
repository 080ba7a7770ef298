#pragma once
#include "base/types.h"

namespace pipit::wasm {

/// Why a guest stopped against its will (Wasm 2.0 §4; texts follow the official test suite).
enum class TrapKind : u8 {
  none,
  unreachable,
  integer_divide_by_zero,
  integer_overflow,
  invalid_conversion_to_integer,
  out_of_bounds_memory_access,
  out_of_bounds_table_access,
  undefined_element,
  uninitialized_element,
  indirect_call_type_mismatch,
  call_stack_exhausted,
  host,  ///< a host function refused its arguments
};

/// A trap and where it happened.
struct Trap {
  TrapKind kind = TrapKind::none;
  u32 func = 0;    ///< index in the module's function space
  u32 offset = 0;  ///< byte offset of the instruction in the module
};

/// "integer divide by zero", as the official test suite spells it.
const char* trap_text(TrapKind kind);

}  // namespace pipit::wasm
