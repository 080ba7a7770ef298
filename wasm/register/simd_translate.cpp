// SIMD instructions on their way into register code.
#include <algorithm>

#include "wasm/register/function.h"
#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

namespace {

// What names in simd_pairs.def mean.
namespace code {
#define OP(code, id, name, immediate, signature, alignment) \
  constexpr Code id = wide_code((code) - kFirstSimd);
#include "wasm/opcodes_simd.def"
#undef OP
constexpr Code in_form(WideCode form, Op op) {
  return wide_code(static_cast<u32>(form) + memory_number(static_cast<u32>(op) - kFirstSimd));
}
constexpr Code v128_load_w = in_form(WideCode::wrapping, Op::v128_load),
               v128_load_x = in_form(WideCode::indexed, Op::v128_load),
               v128_store_w = in_form(WideCode::wrapping, Op::v128_store),
               v128_load16x4_u_w = in_form(WideCode::wrapping, Op::v128_load16x4_u),
               v128_load32_zero_w = in_form(WideCode::wrapping, Op::v128_load32_zero),
               v128_load32_zero_x = in_form(WideCode::indexed, Op::v128_load32_zero),
               v128_copy = wide_code(static_cast<u32>(WideCode::copy)), const_d = Code::const_d,
               add_si_d = Code::add_si_d;
}  // namespace code

struct WidePair {
  Code first, second;
};
constexpr WidePair kPairs[] = {
#define P(first, second) {code::first, code::second},
#include "wasm/register/simd_pairs.def"
#undef P
};

Code pair(Code first, Code second) {
  for (u32 i = 0; i < sizeof kPairs / sizeof kPairs[0]; ++i)
    if (kPairs[i].first == first && kPairs[i].second == second)
      return wide_code(static_cast<u32>(WideCode::first_pair) + i);
  return Code::count_;
}

bool accesses(Code code) {
  const u32 number = static_cast<u32>(code) - static_cast<u32>(wide_code(0));
  return is_memory_number(number) ||
         (number >= static_cast<u32>(WideCode::wrapping) && number < static_cast<u32>(WideCode::first_pair));
}

}  // namespace

/// Sees what the translator has read, and where operands are.
struct SimdTranslator {
  FunctionTranslator& f;

  static void translate(FunctionTranslator& translator) { SimdTranslator{translator}.run(); }

  void run() {
    switch (static_cast<Op>(f.in_.op)) {
      case Op::global_get:
      case Op::global_set: return global();
      case Op::select:
      case Op::select_t: return select();
      default: return simd();
    }
  }

  RegisterInstruction make(u32 number, Form form) const {
    RegisterInstruction in = f.make(Code::count_, form);
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): wide codes follow Code's in its type
    in.code = wide_code(number);
    return in;
  }

  void global() {
    if (f.in_.a > 0xFFFF) return f.too_large();
    const bool is_get = static_cast<Op>(f.in_.op) == Op::global_get;
    RegisterInstruction in =
        make(static_cast<u32>(is_get ? WideCode::global_get : WideCode::global_set), Form::ai_d);
    in.imm = f.in_.a;
    if (is_get) return f.produce_slot(in, kV128);
    in.rd = f.near_slot(f.pop(), 0);
    f.put(in);
  }

  static void copy(FunctionTranslator& f, u8 to, u8 from) {
    RegisterInstruction in = SimdTranslator{f}.make(static_cast<u32>(WideCode::copy), Form::s_d);
    in.rd = to, in.ra = from;
    f.put(in);
    f.wrote(to), f.wrote(static_cast<u16>(to + 1));
  }

  void select() {
    Operand& condition = f.pop();
    Operand& b = f.pop();
    Operand& a = f.pop();
    const u16 slots[] = {f.slot_of(a), f.slot_of(b), f.slot_of(condition)};
    RegisterInstruction in = make(static_cast<u32>(WideCode::select), Form::select_s);
    in.ra = f.near(slots[0], 0, kV128);
    in.rb = f.near(slots[1], 1, kV128);
    in.rc = f.near(slots[2], 2);
    f.produce_slot(in, kV128);
  }

  /// Operands by signature, the first in ra; a lane where the last would be.
  void simd() {
    const OpInfo& info = op_info(f.in_.op);
    constexpr u8 kTypes[] = {0, kTypeI32, kTypeI64, kTypeF32, kTypeF64, kV128};
    const u8 result = kTypes[info.signature & 7];
    u8 types[3] = {};
    u32 count = 0;
    for (PackedSignature rest = static_cast<PackedSignature>(info.signature >> 3); rest != 0; ++count) {
      types[count] = kTypes[rest & 7];
      rest = static_cast<PackedSignature>(rest >> 3);
    }
    std::reverse(types, types + count);
    f.height_ -= count;
    const bool is_access = info.immediate == Immediate::memarg || info.immediate == Immediate::memarg_lane;
    const Address from = is_access && f.in_.b == 0 ? address(info.immediate, count) : Address{};
    u16 slots[3] = {};
    for (u32 i = from.form == Address::offset ? 0 : 1; i < count; ++i)
      slots[i] = f.slot_of(f.stack_[f.height_ + i]);
    f.settled_ = std::min(f.settled_, f.height_);
    u8 names[3] = {from.ra};
    for (u32 i = from.form == Address::offset ? 0 : 1; i < count; ++i)
      names[i] = f.near(slots[i], i, types[i]);
    if (from.form == Address::wrapping) names[0] = f.near(from.slot, 0);
    emit(info.immediate, names, result, from);
  }

  /// What an instruction can do of its address's computation itself.
  struct Address {
    enum Form : u8 { offset, wrapping, indexed } form = offset;
    u8 ra = 0, rb = 0;
    u16 slot = 0;
    u32 imm = 0;
  };
  Address address(Immediate immediate, u32 count) {
    Operand& a = f.stack_[f.height_];
    if (a.place == Place::sum) return {Address::wrapping, 0, 0, a.slot, a.imm};
    const RegisterInstruction last = f.emitter_.last();
    if (count != 1 || immediate != Immediate::memarg || f.held_for_ != &a || last.code != Code::add_ss_a)
      return {};
    f.emitter_.withdraw();
    f.consume(a);
    return {Address::indexed, last.ra, last.rb};
  }

  void emit(Immediate immediate, const u8* names, u8 result, const Address& from) {
    RegisterInstruction in = make(f.in_.op - kFirstSimd, Form::select_s);
    in.ra = names[0], in.rb = names[1], in.rc = names[2];
    const u8* const bytes = f.module_.code.data() + f.in_.operands;
    switch (immediate) {
      case Immediate::lane: in.rc = f.in_.lane; break;
      case Immediate::shuffle: in.form = Form::shuffle, in.bytes = bytes; break;
      case Immediate::v128: in.form = Form::const128_d, in.bytes = bytes; break;
      case Immediate::memarg:
        in.form = Form::mem_w_d;
        in.imm = f.in_.b;
        if (result == 0) in.rd = names[1];
        break;
      case Immediate::memarg_lane:
        in.form = Form::mem_lane;
        in.rc = f.in_.lane;
        in.imm = f.in_.b;
        break;
      default: break;
    }
    if (from.form != Address::offset) {
      const WideCode form = from.form == Address::wrapping ? WideCode::wrapping : WideCode::indexed;
      in.code = code::in_form(form, static_cast<Op>(f.in_.op));
      in.imm = from.imm;
      if (from.form == Address::indexed) in.form = Form::ss_d, in.rb = from.rb;
    }
    if (result == 0) return f.put(in);
    f.produce_slot(in, result);
  }
};

}  // namespace pipit::wasm::reg

extern "C" constexpr pipit::wasm::reg::RegisterSimd pipit_wasm_register_simd = {
    pipit::wasm::reg::wide_handler, pipit::wasm::reg::SimdTranslator::translate,
    pipit::wasm::reg::SimdTranslator::copy, pipit::wasm::reg::pair, pipit::wasm::reg::accesses};
