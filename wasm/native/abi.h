#pragma once
#include "wasm/trap.h"

/// What native code and its runtime agree on. The compiler reads offsets from here, the runtime's structures
/// follow it. Any change of meaning or order raises kAbiVersion.
namespace pipit::wasm::native {

constexpr u16 kAbiVersion = 4;

/// The pointer-sized words a context begins with. Every native function gets the context as its first
/// argument. Those marked constant never change while the instance lives, so code may keep them in registers
/// across calls.
enum class Word : u8 {
  stack_limit,  ///< constant; a function whose frame reaches below it traps
  memory,       ///< constant: base of memory 0, a multiple of kMemoryAlign
  memory_inst,  ///< constant: MemoryWord
  tables,       ///< constant: array of pointers to TableWord
  globals,      ///< constant: array of pointers to the globals' cells; code uses it for imported ones
  helpers,      ///< constant: addresses in the order of helpers.def
  ref_base,     ///< constant: reference of the instance's function 0, less one
  results,      ///< constant: cells in which a function of several results leaves them
  ticks,        ///< i32: fuel left of the current portion
  callee,       ///< context of the code that helper `resolve` found
  instance,     ///< the runtime's own
  count,
};

/// What linear memory's base is a multiple of: MemoryInst allots it so.
constexpr u32 kMemoryAlign = 16;

/// The pointer-sized words a memory begins with.
enum class MemoryWord : u8 { base, bytes };
/// Bytes from a memory's start to its size in pages (u32).
constexpr u32 memory_pages_offset(u32 pointer_bytes) { return 2 * pointer_bytes; }
/// The words a table begins with: elements is constant, size is a u32.
enum class TableWord : u8 { elements, size };

/// Cells of the module's own globals follow the words: 8 bytes each, a v128 takes two.
constexpr u32 cells_offset(u32 pointer_bytes) {
  return (static_cast<u32>(Word::count) * pointer_bytes + 15) / 16 * 16;
}

/// Where a trap happens and of what kind, in one word: byte offset in the module above four bits of kind.
constexpr u32 kMaxWhereOffset = (1u << 28) - 1;
constexpr u32 make_where(u32 offset, TrapKind kind) { return offset << 4 | static_cast<u32>(kind); }
constexpr TrapKind where_kind(u32 where) { return static_cast<TrapKind>(where & 15); }
constexpr u32 where_offset(u32 where) { return where >> 4; }
static_assert(static_cast<u32>(TrapKind::host) < 16);

/// Bytes above the stack limit that frames of functions without a check, and helpers, may use. On a computer
/// signal handlers arrive on the same stack; on a board interrupts do.
constexpr u32 stack_reserve(u32 pointer_bytes) { return pointer_bytes == 8 ? 12 * 1024 : 1024; }

enum class Helper : u8 {
#define HELPER(id, signature) id,
#include "wasm/native/helpers.def"
#undef HELPER
  count,
};
/// Helpers from here on are arithmetic: Flag::kArithmetic.
constexpr Helper kFirstArithmetic = Helper::i64_div_s;

}  // namespace pipit::wasm::native
