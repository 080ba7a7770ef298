#pragma once
#include "base/types.h"

/// The instruction set as data: opcodes.def and opcodes_simd.def expanded into an enum and a table of
/// immediates and signatures.
namespace pipit::wasm {

/// What follows an opcode in the byte stream.
enum class Immediate : u8 {
  none,
  block,
  label,
  label_table,
  func,
  type_table,
  select_types,
  local,
  global,
  table,
  memarg,
  memory,
  i32,
  i64,
  f32,
  f64,
  ref_type,
  data_memory,
  data,
  memory_memory,
  elem_table,
  elem,
  table_table,
  // Behind the SIMD prefix only.
  memarg_lane,
  lane,
  shuffle,
  v128,
};

/// Internal opcodes: the byte itself; kFirstFc + number behind 0xFC; kFirstSimd + number behind 0xFD.
enum class Op : u16 {
#define OP(code, id, name, immediate, signature, alignment) id = code,
#include "wasm/opcodes.def"
#include "wasm/opcodes_simd.def"
#undef OP
};

constexpr u8 kPrefixFc = 0xFC;
/// Internal code of the first instruction behind the prefix; see opcodes.def.
constexpr u8 kFirstFc = 0xE0;
constexpr u32 kFcCount = 18;
constexpr u8 kPrefixSimd = 0xFD;
constexpr u16 kFirstSimd = 0x100;
/// Numbers behind the SIMD prefix, not all of which are instructions: 236, and 20 relaxed ones from 0x100.
constexpr u32 kSimdCount = 0x114;

/// Operand types packed three bits each (1 i32, 2 i64, 3 f32, 4 f64, 5 v128): the result lowest, then the
/// parameters, the last one lowest. kContextual where the type depends on the context.
using PackedSignature = u16;
constexpr PackedSignature kContextual = 0xFFFF;

struct OpInfo {
  PackedSignature signature;
  Immediate immediate;
  u8 alignment : 7;
  u8 exists : 1;

  constexpr bool operator==(const OpInfo&) const = default;
};

/// Properties of an internal opcode; `exists` is 0 for codes below 0x100 that name no instruction. Codes from
/// kFirstSimd on may be asked for only as read_instruction() gives them.
const OpInfo& op_info(u16 code);
/// "i32.add"; empty for codes that name no instruction. Kept apart, so that firmware need not carry the
/// names.
const char* op_name(u16 code);

}  // namespace pipit::wasm
