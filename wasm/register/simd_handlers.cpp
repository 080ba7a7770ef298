// Handlers for the instruction set that everything is compiled for.
#include "wasm/register/simd_table.h"

namespace pipit::wasm::reg {

extern const WideHandlers kWideHandlers;
constinit const WideHandlers kWideHandlers = make_wide_handlers();

}  // namespace pipit::wasm::reg
