#pragma once
#include "base/types.h"

/// The register instruction set as data: names and the layout of operands.
namespace pipit::wasm::reg {

/// Slots that instructions can name, in functions with too many for that: three places of the widest type.
constexpr u32 kScratchSlots = 6;

// Where an instruction's operands stand behind its 16-bit code: F(form, jump, names, imm, block). First a
// displacement of `jump` bytes; then bytes that name slots of the frame, one a digit of `names`, the last
// digit first: 1 rd, 2 ra, 3 rb, 4 rc (a lane, or the number of a numeric instruction), 8 a zero; then `imm`
// bytes of immediate, offset or constant, or of u16 fields, the first one lowest; then `block` bytes of SIMD.
// All come to a multiple of two bytes.
// clang-format off
#define PIPIT_FORMS(F) \
  F(none, 0, 0, 0, 0)     F(s, 0, 0x82, 0, 0)      F(s_d, 0, 0x21, 0, 0)    F(a, 0, 0, 0, 0)         F(a_d, 0, 0x81, 0, 0) \
  F(ss, 0, 0x32, 0, 0)    F(as, 0, 0x83, 0, 0)     F(si, 0, 0x82, 2, 0)     F(ai, 0, 0, 2, 0) \
  F(ss_d, 0, 0x8321, 0, 0) F(as_d, 0, 0x31, 0, 0)  F(si_d, 0, 0x21, 2, 0)   F(ai_d, 0, 0x81, 2, 0) \
  F(mem_s, 0, 0x82, 2, 0) F(mem_a, 0, 0, 2, 0)     F(mem_w, 0, 0x82, 4, 0) \
  F(mem_s_d, 0, 0x21, 2, 0) F(mem_a_d, 0, 0x81, 2, 0) F(mem_w_d, 0, 0x21, 4, 0) \
  F(far_s, 0, 0x82, 4, 0) F(far_a, 0, 0, 4, 0) \
  F(br_ss, 2, 0x32, 0, 0) F(br_as, 2, 0x83, 0, 0)  F(br_si, 2, 0x82, 2, 0)  F(br_ai, 2, 0, 2, 0) \
  F(br, 2, 0, 0, 0)       F(br_far, 4, 0, 0, 0) \
  F(const32, 0, 0, 4, 0)  F(const64, 0, 0, 8, 0)   F(const32_d, 0, 0x81, 4, 0) F(const64_d, 0, 0x81, 8, 0) \
  F(select_s, 0, 0x4321, 0, 0) \
  F(far_copy, 0, 0, 4, 0) F(u16x2, 0, 0, 4, 0)     F(u16x3, 0, 0, 6, 0)     F(u16x4, 0, 0, 8, 0) \
  F(call, 0, 0, 4, 0)     F(call_far, 0, 0, 6, 0)  /* u16 base, then u16 or u32 function */ \
  F(table, 0, 0x82, 2, 0) F(table_far, 0, 0x82, 2, 0)  /* u16 count, then count + 1 displacements of 16 or 32 bits */ \
  F(mem_lane, 0, 0x4321, 4, 0) F(shuffle, 0, 0x8321, 0, 16) F(const128_d, 0, 0x81, 0, 16) \
  F(num, 0, 0x4321, 0, 0) \
  F(pair, 0, 0, 0, 0)  /* what the second instruction has, then what the first has */
// clang-format on

enum class Form : u8 {
#define F(form, jump, names, imm, block) form,
  PIPIT_FORMS(F)
#undef F
};

struct Layout {
  u16 names;
  u8 jump : 4, imm : 4;
  u8 block;
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
/// Of f64's arithmetic; the others go by their opcode.
constexpr u8 numeric_number(Code code) {
  return static_cast<u8>(static_cast<u32>(code) - static_cast<u32>(kFirstNumeric));
}

constexpr Code operator+(Code code, u32 steps) { return static_cast<Code>(static_cast<u32>(code) + steps); }

}  // namespace pipit::wasm::reg
