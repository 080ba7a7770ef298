// One handler for all numeric instructions: for microcontrollers.
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

extern const Handler kHandlers[static_cast<u32>(kFirstNumeric) + 1] = {
#define R(id, form) op_##id,
#define N(id)
#include "wasm/register/instructions.def"
#undef R
#undef N
    op_numeric};
extern const u32 kHandlerCount = static_cast<u32>(kFirstNumeric) + 1;

}  // namespace pipit::wasm::reg
