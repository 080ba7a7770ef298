#include "wasm/opcode.h"

#include <algorithm>
#include <array>

#include "wasm/opcode_table.h"
#include "wasm/simd.h"

namespace pipit::wasm {

namespace {

/// Many instructions have the same properties: a byte each says which.
struct Table {
  std::array<OpInfo, 80> kinds{};  ///< the first one: no instruction
  u32 count = 1;
  std::array<u8, kFirstSimd> kind{};
};

constexpr Table make_table() {
  Table table;
  const auto add = [&](u32 code, const OpInfo& info) {
    u32 kind = 1;
    while (kind < table.count && table.kinds[kind] != info) ++kind;
    if (kind == table.count) table.kinds[table.count++] = info;
    table.kind[code] = static_cast<u8>(kind);
  };
#define OP(code, id, name, immediate, signature, alignment) \
  add(code, {pack_signature(signature), Immediate::immediate, alignment, 1});
#include "wasm/opcodes.def"
#undef OP
  return table;
}

constexpr Table kTable = make_table();

/// Without the places left over, and so the only one that is kept.
constexpr auto kKinds = [] {
  std::array<OpInfo, kTable.count> kinds;
  std::copy_n(kTable.kinds.begin(), kTable.count, kinds.begin());
  return kinds;
}();
constexpr auto kKind = kTable.kind;

}  // namespace

const OpInfo& op_info(u16 code) {
  return code < kFirstSimd ? kKinds[kKind[code]] : simd_feature()->ops[code - kFirstSimd];
}

}  // namespace pipit::wasm
