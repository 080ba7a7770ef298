#pragma once
#include "wasm/instruction.h"

/// The side table of branches (SideEntry), made while a body is validated. Engines that execute in place need
/// it and link it; an image without such an engine makes none, and keeps neither its code nor its RAM.
namespace pipit::wasm {

class BodyValidator;
struct ControlFrame;

/// What validation comes by that the table has entries for.
enum class SideEvent : u8 {
  branch,    ///< to the frame
  if_,       ///< the frame's condition
  else_,     ///< the frame's `then` ends here
  end,       ///< of the frame
  any_type,  ///< `drop` or `select` of an operand of so many slots
};

struct SideTable {
  /// How many entries an instruction takes; those of SideEvent::any_type only where v128 is in use.
  u32 (*entries)(const Instruction& instruction, bool& is_any_type);
  void (*note)(BodyValidator& validator, SideEvent event, ControlFrame& frame, u32 slots);
};

/// Null when it is not linked.
const SideTable* side_table();

}  // namespace pipit::wasm

/// Weak for the validator, defined in side_table.cpp.
extern "C" const pipit::wasm::SideTable pipit_wasm_side_table;
