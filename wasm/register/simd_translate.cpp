// SIMD instructions on their way into register code.
#include <algorithm>
#include <array>

#include "wasm/register/function.h"
#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

extern const std::array<Handler, kWideCodes> kWideHandlers;

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
    in.code = static_cast<Code>(kCodes + 1 + number);
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
    u16 slots[3] = {};
    f.height_ -= count;
    for (u32 i = 0; i < count; ++i) slots[i] = f.slot_of(f.stack_[f.height_ + i]);
    f.settled_ = std::min(f.settled_, f.height_);
    u8 names[3] = {};
    for (u32 i = 0; i < count; ++i) names[i] = f.near(slots[i], i, types[i]);
    emit(info.immediate, names, result);
  }

  void emit(Immediate immediate, const u8* names, u8 result) {
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
    if (result == 0) return f.put(in);
    f.produce_slot(in, result);
  }
};

}  // namespace pipit::wasm::reg

extern "C" constexpr pipit::wasm::reg::RegisterSimd pipit_wasm_register_simd = {
    pipit::wasm::reg::kWideHandlers.data(), pipit::wasm::reg::SimdTranslator::translate};
