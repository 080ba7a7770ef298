#pragma once
#include "wasm/register/machine.h"

namespace pipit::wasm::reg {

/// Defines the handler of instruction `id`.
#define HANDLER(id) PIPIT_HANDLER op_##id(PIPIT_ARGS)

/// What an access beyond the memory goes on with.
[[gnu::noinline]] void trap_out_of_bounds(PIPIT_ARGS);

#define R(id, form) HANDLER(id);
#define N(id) HANDLER(id);
#include "wasm/register/instructions.def"
#undef R
#undef N
/// Every numeric instruction.
HANDLER(numeric);

}  // namespace pipit::wasm::reg
