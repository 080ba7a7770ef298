#include "wasm/instruction.h"
#include "wasm/module_impl.h"

namespace pipit::wasm {

void skip_constant(Reader& reader) {
  Instruction in;
  u8 type;
  while (next_constant(reader, in, type)) {
  }
}

}  // namespace pipit::wasm
