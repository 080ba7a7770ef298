#pragma once
#include "base/types.h"

/// The instruction set as data: opcodes.def expanded into an enum and a table of immediates and signatures.
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
};

enum class Op : u8 {
#define OP(code, id, name, immediate, signature, alignment) id = code,
#include "wasm/opcodes.def"
#undef OP
};

constexpr u8 kPrefixFc = 0xFC;
/// Internal code of the first instruction behind the prefix; see opcodes.def.
constexpr u8 kFirstFc = 0xE0;
constexpr u32 kFcCount = 18;

/// Operand types packed three bits each (1 i32, 2 i64, 3 f32, 4 f64): the result lowest, then the parameters,
/// the last one lowest. kContextual where the type depends on the context.
using PackedSignature = u16;
constexpr PackedSignature kContextual = 0xFFFF;

struct OpInfo {
  PackedSignature signature;
  Immediate immediate;
  u8 alignment : 7;
  u8 exists : 1;
};

/// Properties of an internal opcode; `exists` is 0 for codes that name no instruction.
const OpInfo& op_info(u8 code);
/// "i32.add"; empty for codes that name no instruction. Kept apart, so that firmware need not carry the
/// names.
const char* op_name(u8 code);

}  // namespace pipit::wasm
