#include <array>

#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

extern const std::array<Handler, kWideCodes> kWideHandlers;

Handler wide_handler(u32 number) { return kWideHandlers[number]; }

}  // namespace pipit::wasm::reg
