// For images that never read call stacks: pipit aot writes no table for their targets, and none is taken.
#include "wasm/native/positions.h"

namespace pipit::wasm::native {

bool PositionTable::verify(u32) const { return table_.empty(); }
bool PositionTable::find_instruction(u32, Position&) const { return false; }
bool PositionTable::find_call(u32, Position&) const { return false; }

}  // namespace pipit::wasm::native
