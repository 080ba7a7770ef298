#pragma once
#include "wasm/opcode.h"

/// Turns a line of an opcode table into an OpInfo.
namespace pipit::wasm {

constexpr u16 type_code(char letter) {
  switch (letter) {
    case 'i': return 1;
    case 'I': return 2;
    case 'f': return 3;
    case 'F': return 4;
    default: return 5;
  }
}

/// "iI:f" packed; "*" is kContextual.
constexpr PackedSignature pack_signature(const char* text) {
  if (text[0] == '*') return kContextual;
  PackedSignature packed = 0;
  for (; *text != ':'; ++text) packed = static_cast<PackedSignature>(packed << 3 | type_code(*text));
  packed = static_cast<PackedSignature>(packed << 3);
  if (text[1] != 0) packed |= type_code(text[1]);
  return packed;
}

}  // namespace pipit::wasm
