// For microcontrollers: handlers for what inner loops consist of, one for all other simple instructions
// (shared.h), and one for all numeric ones (numeric.h).
#include <algorithm>
#include <array>
#include <bit>

#include "wasm/register/handlers.h"
#include "wasm/register/shared.h"

namespace pipit::wasm::reg {

namespace {

/// Of those that could share, the ones with a handler of their own: found by counting what C programs
/// execute.
constexpr Code kOwn[] = {
    Code::add_ss_a,     Code::add_as_a,     Code::add_si_a,     Code::add_ss_d,     Code::add_as_d,
    Code::add_si_d,     Code::add_ai_d,     Code::sub_ss_a,     Code::mul_as_a,     Code::mul_as_d,
    Code::and_si_a,     Code::xor_as_a,     Code::xor_as_d,     Code::shl_si_a,     Code::shl_ai_a,
    Code::shr_u_ai_d,   Code::lt_u_ai_a,    Code::eq_ai_a,      Code::br_eq_as,     Code::br_eq_si,
    Code::br_eq_ai,     Code::br_ne_si,     Code::br_ne_ai,     Code::br_lt_s_as,   Code::br_lt_s_si,
    Code::br_ge_s_as,   Code::br_ge_s_si,   Code::back_ne_si,   Code::back_ne_ai,   Code::load_s_a,
    Code::load_s_d,     Code::load_a_d,     Code::load8_s_s_a,  Code::load8_s_w_a,  Code::load8_s_s_d,
    Code::load8_s_w_d,  Code::load8_u_s_d,  Code::load8_u_a_d,  Code::load16_s_s_a, Code::load16_s_s_d,
    Code::load16_u_s_a, Code::load16_u_a_a, Code::load16_u_w_a, Code::load16_u_s_d, Code::loadf32_s_a,
    Code::loadf32_w_a,  Code::store_s_s,    Code::store_s_a,    Code::store8_s_a,   Code::store16_s_a,
    Code::storef32_s_a, Code::f32_add_as_a, Code::f32_mul_as_a, Code::sub_as_a,     Code::and_as_a,
    Code::and_ai_a,     Code::eq_si_a,      Code::lt_s_ss_a,    Code::load_w_d,     Code::load16_u_a_d,
    Code::loadf64_s_a,  Code::storef64_s_a, Code::load64_a_d};

constexpr bool has_own(Code code) {
  return !is_shareable(code) || std::ranges::find(kOwn, code) != std::end(kOwn);
}

constexpr u32 kCount = static_cast<u32>(kFirstNumeric) + 1;

/// Which codes have a handler: a bit each.
constexpr auto kHave = [] {
  std::array<u32, (kCount + 31) / 32> have{};
  for (u32 code = 0; code < kCount; ++code)
    if (has_own(static_cast<Code>(code))) have[code / 32] |= u32{1} << code % 32;
  return have;
}();

// How far from op_unreachable handlers are, in the order of their codes, without gaps: in two bytes, which
// only the assembler can make of two addresses, and only where both are in one section. None of it is
// executed.
#define PIPIT_OFFSET(is_there, handler)                                                                    \
  asm(".if %c0\n .short %c1 - %c2\n .endif" ::"i"(is_there), "i"((is_there) ? (handler) : op_unreachable), \
      "i"(op_unreachable));
[[gnu::naked]] PIPIT_HANDLER handler_offsets(PIPIT_ARGS) {
#define R(id, form) PIPIT_OFFSET(has_own(Code::id), op_##id)
#define N(id)
#include "wasm/register/instructions.def"
#undef R
#undef N
  PIPIT_OFFSET(true, op_numeric)
}

// What shares a handler has addresses of its own nevertheless, because they are all that an instruction says
// of itself: jumps of two bytes, a code each.
constexpr u32 kJumpBytes = 2;
HANDLER(shared);
[[gnu::naked]] PIPIT_HANDLER jumps_to_shared(PIPIT_ARGS) {
#if defined(__arm__)
  asm(".rept %c0\n b.n 1f\n .endr\n 1: b.w %c1" ::"i"(kShareable), "i"(op_shared));
#else
  asm(".rept %c0\n c.j 1f\n .endr\n 1: tail %c1" ::"i"(kShareable), "i"(op_shared));
#endif
}

HANDLER(shared) {
  const usize place = reinterpret_cast<usize>(PIPIT_HANDLER_AT(pc));
  const usize number = (place - reinterpret_cast<usize>(jumps_to_shared)) / kJumpBytes;
  SharedState state{fp, PIPIT_MACHINE, acc, fs, fd, false};
  const u8* const next = execute_shared(static_cast<Code>(number), pc, state);
  if (next == nullptr) [[unlikely]]
    PIPIT_TAIL(trap_out_of_bounds);
  acc = state.acc, fs = state.fs, fd = state.fd;
  if (state.goes_back) PIPIT_SPEND_AND_GO(next);
  PIPIT_GO(next, acc, fs, fd);
}

}  // namespace

Handler handler_of(Code code) {
  const u32 number = std::min(static_cast<u32>(code), kCount - 1);
  const u32 bit = u32{1} << number % 32;
  if ((kHave[number / 32] & bit) == 0)
    return reinterpret_cast<Handler>(reinterpret_cast<usize>(jumps_to_shared) + number * kJumpBytes);
  u32 before = static_cast<u32>(std::popcount(kHave[number / 32] & (bit - 1)));
  for (u32 word = 0; word < number / 32; ++word) before += static_cast<u32>(std::popcount(kHave[word]));
  // Addresses of Thumb functions are odd.
  const usize offsets = reinterpret_cast<usize>(handler_offsets) & ~usize{1};
  const isize offset = read_i16(reinterpret_cast<const u8*>(offsets) + usize{before} * 2);
  return reinterpret_cast<Handler>(reinterpret_cast<usize>(op_unreachable) + static_cast<usize>(offset & ~1));
}

}  // namespace pipit::wasm::reg
