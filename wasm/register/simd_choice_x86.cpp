// The best handlers that this processor has the instructions for. Register code is of those that it was made
// with.
#include <array>

#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

extern const std::array<Handler, kWideCodes> kWideHandlers, kWideHandlersV2;

Handler wide_handler(u32 number) {
  return (__builtin_cpu_supports("x86-64-v2") ? kWideHandlersV2 : kWideHandlers)[number];
}

}  // namespace pipit::wasm::reg
