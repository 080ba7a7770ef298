#include "wasm/opcode.h"

#include <array>

#include "wasm/opcode_table.h"
#include "wasm/simd.h"

namespace pipit::wasm {

static constexpr std::array<OpInfo, 256> make_table() {
  std::array<OpInfo, 256> table{};
#define OP(code, id, name, immediate, signature, alignment) \
  table[code] = {pack_signature(signature), Immediate::immediate, alignment, 1};
#include "wasm/opcodes.def"
#undef OP
  return table;
}

static constexpr std::array<OpInfo, 256> kTable = make_table();

const OpInfo& op_info(u16 code) {
  return code < kFirstSimd ? kTable[code] : simd_feature()->ops[code - kFirstSimd];
}

}  // namespace pipit::wasm
