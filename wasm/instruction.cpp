#include "wasm/instruction.h"

#include "wasm/module_impl.h"
#include "wasm/simd.h"

namespace pipit::wasm {

namespace {

/// Why an opcode is not in the table.
void refuse(Reader& reader, u32 at, u8 byte) {
  struct Feature {
    u8 first, last;
    Rule rule;
  };
  static constexpr Feature kFeatures[] = {
      {0x06, 0x0A, Rule::exceptions_not_supported},
      {0x14, 0x15, Rule::function_references_not_supported},
      {0x18, 0x19, Rule::exceptions_not_supported},
      {0x1F, 0x1F, Rule::exceptions_not_supported},
      {0xD3, 0xD6, Rule::garbage_collection_not_supported},
      {0xFB, 0xFB, Rule::garbage_collection_not_supported},
      {0xFD, 0xFD, Rule::simd_not_supported},
      {0xFE, 0xFE, Rule::threads_not_supported},
  };
  for (const Feature& feature : kFeatures)
    if (byte >= feature.first && byte <= feature.last) return reader.fail_at(at, feature.rule);
  reader.fail_at(at, Rule::illegal_opcode);
}

u8 read_opcode(Reader& reader, u32 at) {
  const u8 byte = reader.byte();
  if (byte == kPrefixFc) {
    const u32 number = reader.leb_u32();
    if (number >= kFcCount) refuse(reader, at, 0);
    return static_cast<u8>(kFirstFc + number);
  }
  if (byte >= kFirstFc) refuse(reader, at, byte);
  return byte;
}

i32 read_block_type(Reader& reader) {
  const u8 first = reader.peek();
  if ((first & 0xC0) == 0x40) {  // one byte, negative as an s33
    if (first != 0x40) {
      read_value_type(reader);
      return kBlockSingle;
    }
    reader.byte();
    return kBlockEmpty;
  }
  const u32 at = reader.offset();
  const i64 index = reader.leb_s33();
  if (index < 0 || index > 0x7FFF'FFFF) {
    reader.fail_at(at, Rule::malformed_block_type);
    return kBlockEmpty;
  }
  return static_cast<i32>(index);
}

void read_zero(Reader& reader) {
  const u32 at = reader.offset();
  if (reader.byte() != 0) reader.fail_at(at, Rule::zero_byte_expected);
}

}  // namespace

void read_memarg(Reader& reader, Instruction& instruction) {
  const u32 at = reader.offset();
  instruction.a = reader.leb_u32();
  if (instruction.a >= 32)  // 64 would say that the index of a memory follows
    reader.fail_at(at, Rule::malformed_memop_flags);
  instruction.b = reader.leb_u32();
}

void read_instruction(Reader& reader, Instruction& instruction) {
  instruction.at = reader.offset();
  if (reader.peek() == kPrefixSimd && simd_feature() != nullptr)
    return simd_feature()->read(reader, instruction);
  instruction.op = read_opcode(reader, instruction.at);
  instruction.operands = reader.offset();
  if (!reader.ok()) return;
  const OpInfo& info = op_info(instruction.op);
  if (!info.exists) return refuse(reader, instruction.at, static_cast<u8>(instruction.op));
  instruction.info = &info;
  switch (info.immediate) {
    case Immediate::none: break;
    case Immediate::block: instruction.block = read_block_type(reader); break;
    case Immediate::label:
    case Immediate::func:
    case Immediate::local:
    case Immediate::global:
    case Immediate::table:
    case Immediate::data:
    case Immediate::elem: instruction.a = reader.leb_u32(); break;
    case Immediate::label_table:
      instruction.a = reader.leb_u32();
      if (instruction.a >= reader.left())
        reader.fail_at(instruction.operands, Rule::unexpected_end_of_br_table);
      break;
    case Immediate::type_table:
    case Immediate::elem_table:
    case Immediate::table_table:
      instruction.a = reader.leb_u32();
      instruction.b = reader.leb_u32();
      break;
    case Immediate::memarg: read_memarg(reader, instruction); break;
    case Immediate::memory: read_zero(reader); break;
    case Immediate::memory_memory: read_zero(reader), read_zero(reader); break;
    case Immediate::data_memory: instruction.a = reader.leb_u32(), read_zero(reader); break;
    case Immediate::i32: reader.leb_s32(); break;
    case Immediate::i64: reader.leb_s64(); break;
    case Immediate::f32: reader.bytes(4); break;
    case Immediate::f64: reader.bytes(8); break;
    case Immediate::ref_type: instruction.a = read_reference_type(reader); break;
    case Immediate::select_types:
      if (reader.leb_u32() != 1) reader.fail_at(instruction.operands, Rule::invalid_result_arity);
      instruction.a = read_value_type(reader);
      break;
    default: break;  // behind the SIMD prefix
  }
}

}  // namespace pipit::wasm
