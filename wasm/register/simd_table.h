#pragma once
#include <array>

#include "wasm/register/simd.h"
#include "wasm/register/simd_steps.h"

/// The handlers of SIMD in register code, for the instruction set that the including file is compiled for.
namespace pipit::wasm::reg {
namespace {  // each who includes it has its own, for its instruction set

PIPIT_HANDLER wide_global_get(PIPIT_ARGS) {
  write_slots(SLOT(2), read_slots<V128>(*PIPIT_MACHINE->globals[read_u16(pc + 4)]));
  PIPIT_NEXT(6);
}
PIPIT_HANDLER wide_global_set(PIPIT_ARGS) {
  write_slots(*PIPIT_MACHINE->globals[read_u16(pc + 4)], read_slots<V128>(SLOT(2)));
  PIPIT_NEXT(6);
}
PIPIT_HANDLER wide_select(PIPIT_ARGS) {
  write_slots(SLOT(2), read_slots<V128>(SLOT(5).u32_ != 0 ? SLOT(3) : SLOT(4)));
  PIPIT_NEXT(6);
}
PIPIT_HANDLER wide_unknown(PIPIT_ARGS) { PIPIT_CHECK(!"translated code contains only known instructions"); }

namespace step {
#define OP(code, id, name, immediate, signature, alignment) \
  using id = Step<Immediate::immediate, From::slot, 1u << (alignment), simd::id>;
#include "wasm/opcodes_simd.def"
#undef OP
template <u32 bytes, auto F>
using Wrapping = Step<Immediate::memarg, From::wrapping, bytes, F>;
template <u32 bytes, auto F>
using Indexed = Step<Immediate::memarg, From::slots, bytes, F>;
using v128_load_w = Wrapping<16, simd::v128_load>;
using v128_load_x = Indexed<16, simd::v128_load>;
using v128_store_w = Wrapping<16, simd::v128_store>;
using v128_load16x4_u_w = Wrapping<8, simd::v128_load16x4_u>;
using v128_load32_zero_w = Wrapping<4, simd::v128_load32_zero>;
using v128_load32_zero_x = Indexed<4, simd::v128_load32_zero>;
using v128_copy = StepCopy;
using const_d = StepConstD;
using add_si_d = StepAddSiD;
}  // namespace step

using WideHandlers = std::array<Handler, kWideCodes>;

/// An access with its address from elsewhere than a slot + an offset.
template <Immediate kind, u32 bytes, auto F>
constexpr void add_forms(WideHandlers& table, u32 number) {
  if constexpr (kind == Immediate::memarg || kind == Immediate::memarg_lane) {
    const u32 at = memory_number(number);
    table[static_cast<u32>(WideCode::wrapping) + at] = OneStep<Step<kind, From::wrapping, bytes, F>>::run;
    if constexpr (kind == Immediate::memarg)
      table[static_cast<u32>(WideCode::indexed) + at] = OneStep<Step<kind, From::slots, bytes, F>>::run;
  }
}

constexpr WideHandlers make_wide_handlers() {
  WideHandlers table{};
  for (Handler& entry : table) entry = wide_unknown;
#define OP(code, id, name, immediate, signature, alignment) \
  table[code - kFirstSimd] = OneStep<step::id>::run;        \
  add_forms<Immediate::immediate, 1u << (alignment), simd::id>(table, code - kFirstSimd);
#include "wasm/opcodes_simd.def"
#undef OP
  table[static_cast<u32>(WideCode::global_get)] = wide_global_get;
  table[static_cast<u32>(WideCode::global_set)] = wide_global_set;
  table[static_cast<u32>(WideCode::select)] = wide_select;
  table[static_cast<u32>(WideCode::copy)] = OneStep<StepCopy>::run;
#define P(first, second) \
  table[static_cast<u32>(WideCode::first##_then_##second)] = TwoSteps<step::first, step::second>::run;
#include "wasm/register/simd_pairs.def"
#undef P
  return table;
}

}  // namespace
}  // namespace pipit::wasm::reg
