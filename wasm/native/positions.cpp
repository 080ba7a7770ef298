#include "wasm/native/positions.h"

namespace pipit::wasm::native {

/// Reads the entries of a block, never beyond it.
struct PositionTable::Cursor {
  const u8* at;
  const u8* end;
  Position position;
  bool ok = true;

  u32 number() {
    u32 value = 0;
    for (u32 shift = 0; shift < 35; shift += 7) {
      if (at == end) break;
      const u8 byte = *at++;
      value |= u32{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    ok = false;
    return 0;
  }

  u32 distance() {
    const u32 value = number();
    return (value >> 1) ^ (0u - (value & 1));
  }

  /// False at the end, and when what follows is no entry.
  bool next() {
    if (at == end) return false;
    const u32 head = number();
    position.pc += head >> 3;
    position.is_call = (head & kIsCall) != 0;
    position.offset += distance();
    if ((head & kHasFrame) != 0) {
      position.frame_words = number();
      position.link_words = number();
    }
    if ((head & kHasInline) != 0) position.inlined = number();
    return ok;
  }
};

PositionTable::Cursor PositionTable::block(u32 index) const {
  const PositionsHeader& h = header();
  const u8* const entries = reinterpret_cast<const u8*>(inlines() + h.inline_count);
  const u32 from = blocks()[index].at,
            to = index + 1 < h.block_count ? blocks()[index + 1].at : h.entry_bytes;
  Cursor cursor{.at = entries, .end = entries, .position = {}};
  if (from <= to && to <= h.entry_bytes) cursor.at += from, cursor.end += to;
  cursor.position.pc = blocks()[index].pc;
  return cursor;
}

bool PositionTable::verify(u32 module_bytes) const {
  if (table_.empty()) return true;
  if (table_.size() < sizeof(PositionsHeader)) return false;
  const PositionsHeader& h = header();
  const u64 blocks = u64{h.block_count} * sizeof(PositionBlock),
            rows = u64{h.inline_count} * sizeof(InlineRow);
  return h.module_bytes == module_bytes && sizeof h + blocks + rows + h.entry_bytes <= table_.size();
}

InlineRow PositionTable::inlined(u32 number) const {
  if (number > header().inline_count) return {};
  const InlineRow row = inlines()[number - 1];
  return row.outer < number && row.offset < header().module_bytes ? row : InlineRow{};
}

/// Entries of the last block that begins before or at `pc`, until `visit` says false.
template <class Visit>
void PositionTable::visit_block_of(u32 pc, Visit visit) const {
  if (table_.empty()) return;
  u32 low = 0, high = header().block_count;
  while (low < high) {
    const u32 middle = low + (high - low) / 2;
    if (blocks()[middle].pc <= pc)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0) return;
  Cursor cursor = block(low - 1);
  while (cursor.next() && cursor.position.pc <= pc && cursor.position.offset < header().module_bytes &&
         visit(cursor.position)) {
  }
}

bool PositionTable::find_instruction(u32 pc, Position& out) const {
  bool found = false;
  visit_block_of(pc, [&](const Position& position) {
    out = position;
    return found = true;
  });
  return found;
}

bool PositionTable::find_call(u32 pc, Position& out) const {
  bool found = false;
  visit_block_of(pc, [&](const Position& position) {
    found = position.is_call && position.pc == pc;
    if (found) out = position;
    return !found;
  });
  return found;
}

}  // namespace pipit::wasm::native
