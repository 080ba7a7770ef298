#include "wasm/trap.h"

namespace pipit::wasm {

const char* trap_text(TrapKind kind) {
  static constexpr const char* kTexts[] = {
      "none",
      "unreachable",
      "integer divide by zero",
      "integer overflow",
      "invalid conversion to integer",
      "out of bounds memory access",
      "out of bounds table access",
      "undefined element",
      "uninitialized element",
      "indirect call type mismatch",
      "call stack exhausted",
      "a host function refused its arguments",
  };
  return kTexts[static_cast<u8>(kind)];
}

}  // namespace pipit::wasm
