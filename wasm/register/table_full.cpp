// A handler for each instruction: for computers.
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

extern const Handler kHandlers[kCodes] = {
#define R(id, form) op_##id,
#define N(id) op_##id,
#include "wasm/register/instructions.def"
#undef R
#undef N
};
extern const u32 kHandlerCount = kCodes;

}  // namespace pipit::wasm::reg
