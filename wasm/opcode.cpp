#include "wasm/opcode.h"

#include <array>

namespace pipit::wasm {

namespace {

constexpr u16 type_code(char letter) {
  switch (letter) {
    case 'i': return 1;
    case 'I': return 2;
    case 'f': return 3;
    default: return 4;
  }
}

constexpr PackedSignature pack(const char* text) {
  if (text[0] == '*') return kContextual;
  PackedSignature packed = 0;
  for (; *text != ':'; ++text) packed = static_cast<PackedSignature>(packed << 3 | type_code(*text));
  packed = static_cast<PackedSignature>(packed << 3);
  if (text[1] != 0) packed |= type_code(text[1]);
  return packed;
}

constexpr std::array<OpInfo, 256> make_table() {
  std::array<OpInfo, 256> table{};
#define OP(code, id, name, immediate, signature, alignment) \
  table[code] = {pack(signature), Immediate::immediate, alignment, 1};
#include "wasm/opcodes.def"
#undef OP
  return table;
}

constexpr std::array<OpInfo, 256> kTable = make_table();

}  // namespace

const OpInfo& op_info(u8 code) { return kTable[code]; }

}  // namespace pipit::wasm
