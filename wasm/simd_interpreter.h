#pragma once
#include "wasm/interpreter.h"

/// The in-place interpreter's part of SIMD.
namespace pipit::wasm {

/// For modules that use v128: the instructions behind the prefix, and those that move operands of any type.
extern const HandlerTable kSimdHandlers;

/// SimdFeature::open_locals.
void simd_open_locals(PIPIT_HANDLER_ARGS);

}  // namespace pipit::wasm
