// What linking this file adds to the decoder: the instructions behind the 0xFD prefix.
#include "wasm/simd.h"

#include <array>

#include "wasm/instruction.h"
#include "wasm/opcode_table.h"
#include "wasm/simd_interpreter.h"

namespace pipit::wasm {

namespace {

constexpr std::array<OpInfo, kSimdCount> make_table() {
  std::array<OpInfo, kSimdCount> table{};
#define OP(code, id, name, immediate, signature, alignment) \
  table[code - kFirstSimd] = {pack_signature(signature), Immediate::immediate, alignment, 1};
#include "wasm/opcodes_simd.def"
#undef OP
  return table;
}

constexpr std::array<OpInfo, kSimdCount> kOps = make_table();

void read_lane(Reader& reader, Instruction& instruction, u32 lanes) {
  const u32 at = reader.offset();
  instruction.lane = reader.byte();
  if (instruction.lane >= lanes) reader.fail_at(at, Rule::invalid_lane_index);
}

void read_simd(Reader& reader, Instruction& instruction) {
  reader.note_v128();
  reader.byte();
  const u32 number = reader.leb_u32();
  if (!reader.ok()) return;
  if (number >= kSimdCount || !kOps[number].exists)
    return reader.fail_at(instruction.at, Rule::illegal_opcode);
  const OpInfo& info = kOps[number];
  instruction.op = static_cast<u16>(kFirstSimd + number);
  instruction.info = &info;
  instruction.operands = reader.offset();
  switch (info.immediate) {
    case Immediate::memarg: read_memarg(reader, instruction); break;
    case Immediate::memarg_lane: read_memarg(reader, instruction); [[fallthrough]];
    case Immediate::lane: read_lane(reader, instruction, 16u >> info.alignment); break;
    case Immediate::shuffle:
      for (u32 i = 0; i < 16; ++i) read_lane(reader, instruction, 32);
      break;
    case Immediate::v128: reader.bytes(16); break;
    default: break;
  }
}

}  // namespace

}  // namespace pipit::wasm

extern "C" constexpr pipit::wasm::SimdFeature pipit_wasm_simd_feature = {
    pipit::wasm::kOps.data(), pipit::wasm::read_simd, &pipit::wasm::kSimdHandlers,
    pipit::wasm::simd_open_locals};
