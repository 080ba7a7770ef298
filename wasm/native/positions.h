#pragma once
#include "base/result.h"
#include "base/types.h"

/// Where native code came from: the table that makes of an address in the image a byte of the Wasm module,
/// the calls that the compiler put into one another there, and the caller's frame. Only traps are looked up
/// in it.
namespace pipit::wasm::native {

/// In the file, at Header::positions_at: this; PositionBlock rows, by ascending pc; InlineRow rows; entries.
struct PositionsHeader {
  u32 module_bytes;  ///< size of the module
  u32 block_count;
  u32 inline_count;
  u32 entry_bytes;
};

/// Entries from byte `at` of them on, up to the next block's. The first is at `pc` in the image. A block
/// knows nothing of the one before it, and never begins in the middle of entries of one pc.
struct PositionBlock {
  u32 pc;
  u32 at;
};
constexpr u32 kPositionsOfBlock = 64;  ///< at least, where so many are left

/// A call that was replaced by the code of the function it calls: byte `offset` of the module. It stands in
/// turn in what row `outer - 1`, an earlier one, called; 0: in the function itself.
struct InlineRow {
  u32 offset;
  u32 outer;
};

/// An entry is numbers in LEB128: pc's distance from the entry before, times 8, and PositionBits; offset's
/// distance d, as 2d or -2d - 1; then what the bits say is new. All else is as in the entry before, or 0.
enum PositionBit : u32 {
  kIsCall = 1,     ///< pc is where a call returns to; else that of an instruction that accesses linear memory
  kHasFrame = 2,   ///< LEB128 each of frame_words and link_words
  kHasInline = 4,  ///< LEB128 of inlined
};

struct Position {
  u32 pc = 0;           ///< in the image
  u32 offset = 0;       ///< in the module, of the instruction that this code is; 0: none of the module's
  u32 inlined = 0;      ///< InlineRow it stands in, plus 1; 0: in none
  u32 frame_words = 0;  ///< words from the stack pointer, at a call the one before it, up to the caller's; 0:
                        ///< unknown
  u32 link_words = 0;   ///< from there down to where the return address is kept; 0: in a register
  bool is_call = false;
};

/// Reads a table that verify() found to be whole. Its rows and entries are looked at when they are needed, at
/// a trap, since most runs need none; what does not fit then is not known.
class PositionTable {
 public:
  PositionTable() = default;
  explicit PositionTable(Bytes table) : table_(table) {}

  /// Whether its parts lie within it, and it is of a module of that size. Empty tables hold together.
  bool verify(u32 module_bytes) const;

  /// The instruction at `pc`: the last entry that is not behind it. False: there is none.
  bool find_instruction(u32 pc, Position& out) const;
  /// The call that returns to `pc`. False: none does.
  bool find_call(u32 pc, Position& out) const;
  /// Of Position::inlined or InlineRow::outer, not 0. Leads outward: outer is less than `number`.
  InlineRow inlined(u32 number) const;

 private:
  struct Cursor;
  const PositionsHeader& header() const { return *reinterpret_cast<const PositionsHeader*>(table_.data()); }
  const PositionBlock* blocks() const { return reinterpret_cast<const PositionBlock*>(&header() + 1); }
  const InlineRow* inlines() const {
    return reinterpret_cast<const InlineRow*>(blocks() + header().block_count);
  }
  Cursor block(u32 index) const;
  template <class Visit>
  void visit_block_of(u32 pc, Visit visit) const;

  Bytes table_;
};

}  // namespace pipit::wasm::native
