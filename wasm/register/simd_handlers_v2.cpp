// The same for x86-64-v2, which has an instruction for most of what SSE2 takes many for: compiled for it.
#include "wasm/register/simd_table.h"

namespace pipit::wasm::reg {

extern const WideHandlers kWideHandlersV2;
constinit const WideHandlers kWideHandlersV2 = make_wide_handlers();

}  // namespace pipit::wasm::reg
