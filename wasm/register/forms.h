#pragma once
#include "base/types.h"

/// The register instruction set as data: names and the layout of operands.
namespace pipit::wasm::reg {

/// Slots that instructions can name, in functions with too many for that: three places of the widest type.
constexpr u32 kScratchSlots = 6;

/// Where an instruction's operands stand behind its 16-bit code. rd, ra, rb, rc are bytes that name slots of
/// the frame.
enum class Form : u8 {
  none,       ///< 2 bytes in all
  s,          ///< ra –
  s_d,        ///< rd ra
  a,          ///< nothing: the accumulator
  a_d,        ///< rd –
  ss,         ///< ra rb
  as,         ///< rb –
  si,         ///< ra – i16
  ai,         ///< i16
  ss_d,       ///< rd ra rb –
  as_d,       ///< rd rb
  si_d,       ///< rd ra i16
  ai_d,       ///< rd – i16
  mem_s,      ///< ra – u16
  mem_a,      ///< u16
  mem_w,      ///< ra – u32
  mem_s_d,    ///< rd ra u16
  mem_a_d,    ///< rd – u16
  mem_w_d,    ///< rd ra u32
  far_s,      ///< ra – u32
  far_a,      ///< u32
  br_ss,      ///< displacement ra rb
  br_as,      ///< displacement rb –
  br_si,      ///< displacement ra – i16
  br_ai,      ///< displacement i16
  step_i,     ///< displacement rd ra i16 i16
  step_s,     ///< displacement rd ra rb – i16
  br,         ///< displacement
  br_far,     ///< displacement of 32 bits
  const32,    ///< u32
  const64,    ///< u64
  const32_d,  ///< rd – u32
  const64_d,  ///< rd – u64
  select_s,   ///< rd ra rb rc
  far_copy,   ///< u16 u16: to, from
  u16x2,
  u16x3,
  u16x4,
  call,        ///< u16 base, u16 function
  call_far,    ///< u16 base, u32 function
  table,       ///< ra – u16 count, then count + 1 displacements
  table_far,   ///< the same with 32-bit displacements
  mem_lane,    ///< rd ra rb lane u32
  shuffle,     ///< rd ra rb – and 16 lanes
  const128_d,  ///< rd – and 16 bytes
  pair,        ///< what the second instruction has, then what the first has
  num,         ///< rd ra rb and the instruction's number among the numeric ones
};

enum class Code : u16 {
#define R(id, form) id,
#define N(id) id,
#include "wasm/register/instructions.def"
#undef R
#undef N
  count_
};
constexpr u32 kCodes = static_cast<u32>(Code::count_);
constexpr Code kFirstNumeric = Code::f64_add_ss_a;
/// SIMD's instructions come behind count_.
constexpr bool is_numeric(Code code) { return code >= kFirstNumeric && code < Code::count_; }

constexpr Code operator+(Code code, u32 steps) { return static_cast<Code>(static_cast<u32>(code) + steps); }

/// Operand bytes behind the code; br_table's targets come on top.
constexpr u8 operand_bytes(Form form) {
  switch (form) {
    case Form::none:
    case Form::a: return 0;
    case Form::s:
    case Form::s_d:
    case Form::a_d:
    case Form::ss:
    case Form::as:
    case Form::ai:
    case Form::as_d:
    case Form::mem_a:
    case Form::br: return 2;
    case Form::mem_w:
    case Form::mem_w_d:
    case Form::far_s:
    case Form::br_si:
    case Form::const32_d:
    case Form::call_far:
    case Form::u16x3: return 6;
    case Form::step_i:
    case Form::step_s:
    case Form::u16x4:
    case Form::const64: return 8;
    case Form::const64_d: return 10;
    default: return 4;
  }
}

}  // namespace pipit::wasm::reg
