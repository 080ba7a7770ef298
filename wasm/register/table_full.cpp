// A handler for each instruction: for computers.
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

static constexpr Handler kHandlers[kCodes] = {
#define R(id, form) op_##id,
#define N(id) op_##id,
#include "wasm/register/instructions.def"
#undef R
#undef N
};

Handler handler_of(Code code) { return kHandlers[static_cast<u32>(code)]; }

}  // namespace pipit::wasm::reg
