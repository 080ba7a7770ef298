#include "wasm/opcode.h"

namespace pipit::wasm {

const char* op_name(u16 code) {
  switch (code) {
#define OP(number, id, name, immediate, signature, alignment) \
  case number: return name;
#include "wasm/opcodes.def"
#include "wasm/opcodes_simd.def"
#undef OP
    default: return "";
  }
}

}  // namespace pipit::wasm
