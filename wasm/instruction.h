#pragma once
#include "wasm/opcode.h"
#include "wasm/reader.h"

namespace pipit::wasm {

/// A block's type as its immediate says it: a type index, or one of the two short forms.
constexpr i32 kBlockEmpty = -1;
constexpr i32 kBlockSingle = -2;  ///< one result; its value type is the immediate's byte

/// One instruction of a body: its internal opcode and immediates. Constants and a shuffle's lanes are read
/// over, not kept: they end where the reader stands afterwards.
struct Instruction {
  const OpInfo* info = nullptr;  ///< of `op`; set unless the reader failed
  u32 at = 0;                    ///< offset of the opcode
  u32 operands = 0;              ///< offset of the first immediate
  u16 op = 0;
  u8 lane = 0;
  u32 a = 0;  ///< index, label, alignment, or how many labels a br_table has before its default
  u32 b = 0;  ///< second index, or a memory access's offset
  i32 block = kBlockEmpty;
};

/// Reads an instruction with its immediates; of a br_table only the length: the labels follow. Errors stick
/// to the reader: malformed encodings, and opcodes of features that are not supported.
void read_instruction(Reader& reader, Instruction& instruction);

/// Alignment and offset of a memory access, into `a` and `b`.
void read_memarg(Reader& reader, Instruction& instruction);

}  // namespace pipit::wasm
