// Where operands are, and how they get where they are needed.
#include <cstring>

#include "wasm/register/function.h"
#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

u16 FunctionTranslator::next_slot() const {
  if (height_ == 0) return static_cast<u16>(stack_base_);
  const Operand& top = stack_[height_ - 1];
  return static_cast<u16>(top.own + slots_of(top.type));
}

Operand& FunctionTranslator::push(u8 type, Place place) {
  const u16 own = next_slot();
  if (own + slots_of(type) > slots_) slots_ = own + slots_of(type);
  if (slots_ > 0xFFF0) too_large();
  if (place == Place::own && settled_ == height_) ++settled_;
  Operand& operand = stack_[height_++];
  operand = {place, type, own, 0, 0};
  return operand;
}

[[gnu::noinline]] Operand& FunctionTranslator::pop() {
  if (--height_ < settled_) settled_ = height_;
  return stack_[height_];
}

void FunctionTranslator::push_types(TypeList types) {
  for (const u8 type : types) push(type, Place::own);
}

void FunctionTranslator::wrote(u16 slot) {
  for (i32& cached : cached_)
    if (cached == slot) cached = -1;
}

u8 FunctionTranslator::near(u16 slot, u32 n, u8 type) {
  if (slot + slots_of(type) <= 256) return static_cast<u8>(slot);
  const u16 scratch = static_cast<u16>(scratch_ + n * 2);
  copy(scratch, slot, type);
  return static_cast<u8>(scratch);
}

u16 FunctionTranslator::slot_of(Operand& operand) {
  if (operand.place == Place::slot) return operand.slot;
  settle(operand);
  return operand.own;
}

void FunctionTranslator::settle(Operand& operand) {
  if (operand.place == Place::own) return;
  write_to(operand, operand.own);
  operand.place = Place::own;
}

void FunctionTranslator::settle_from(u32 first) {
  for (u32 i = first > settled_ ? first : settled_; i < height_; ++i) settle(stack_[i]);
  if (first <= settled_) settled_ = height_;
}

void FunctionTranslator::settle_readers(u16 slot) {
  for (u32 i = settled_; i < height_; ++i) {
    Operand& operand = stack_[i];
    if ((operand.place == Place::slot || operand.place == Place::sum) && operand.slot == slot)
      settle(operand);
  }
}

void FunctionTranslator::copy(u16 to, u16 from, u8 type) {
  if (to == from) return;
  if (type == kV128 && to < 255 && from < 255)
    return register_simd()->copy(*this, static_cast<u8>(to), static_cast<u8>(from));
  const bool is_narrow = type != kTypeI64 && type != kTypeF64 && type != kV128;
  for (u32 i = 0; i < slots_of(type); ++i, ++to, ++from) {
    if (to < 256 && from < 256)
      copy_near(static_cast<u8>(to), static_cast<u8>(from), is_narrow);
    else
      put(Code::copy_far, Form::far_copy, 0, 0, 0, to | u32{from} << 16);
    wrote(to);
  }
}

/// Two copies in a row are one instruction; it copies whole slots if one of them does.
void FunctionTranslator::copy_near(u8 to, u8 from, bool is_narrow) {
  RegisterInstruction in = make(is_narrow ? Code::copy32 : Code::copy, Form::s_d);
  in.rd = to;
  in.ra = from;
  const RegisterInstruction first = emitter_.last();
  if (first.code != Code::copy && first.code != Code::copy32) return hold(in);
  emitter_.withdraw();
  in.code = is_narrow && first.code == Code::copy32 ? Code::copy32_2 : Code::copy_2;
  in.form = Form::select_s;
  in.rd = first.rd, in.ra = first.ra;
  in.rb = to, in.rc = from;
  put(in);
}

void FunctionTranslator::write_to(Operand& operand, u16 slot) {
  switch (operand.place) {
    case Place::own: return copy(slot, operand.own, operand.type);
    case Place::slot: return copy(slot, operand.slot, operand.type);
    case Place::sum: return sum_to(operand, slot);
    case Place::constant: return constant_to(operand, slot);
    case Place::accumulator: {
      const bool is_producer_held = held_for_ == &operand && emitter_.holds();
      consume(operand);
      return accumulator_to(class_of(operand.type), slot, is_producer_held);
    }
  }
}

/// Puts the accumulator in a slot: by the instruction that computes it, if that is still at hand.
void FunctionTranslator::accumulator_to(u32 c, u16 slot, bool is_producer_held) {
  RegisterInstruction& last = emitter_.last();
  if (is_producer_held && slot < 256 && last.slot_code != Code::count_) {
    // Loads into a slot leave floats' accumulators alone.
    const bool keeps_accumulator = c == 0 || last.code < Code::loadf32_s_a || last.code > Code::loadf64_x_a;
    last.code = last.slot_code;
    if (is_numeric(last.code))
      last.rc = numeric_number(last.code);
    else
      last.form = last.slot_form;
    last.rd = static_cast<u8>(slot);
    last.slot_code = Code::count_;
    held_for_ = nullptr;
    wrote(slot);
    cached_[c] = keeps_accumulator ? slot : -1;
    return;
  }
  const u16 near_one = slot < 256 ? slot : static_cast<u16>(scratch_);
  put(Code::put + c, Form::s, 0, static_cast<u8>(near_one));
  wrote(near_one);
  if (near_one != slot) copy(slot, near_one, kTypeI64);
  cached_[c] = slot;
}

void FunctionTranslator::sum_to(const Operand& operand, u16 slot) {
  const bool cached = cached_[0] == operand.slot;
  claim(0);
  const u8 base = cached ? 0 : near(operand.slot, 0);
  const u16 near_one = slot < 256 ? slot : static_cast<u16>(scratch_);
  RegisterInstruction in;
  if (!fits16(operand.imm)) {
    const u8 from = cached ? near(operand.slot, 0) : base;
    put(Code::const_a32, Form::const32, 0, 0, 0, operand.imm);
    in = make(Code::add_as_d, Form::as_d);
    in.rb = from;
  } else {
    in = make(cached ? Code::add_ai_d : Code::add_si_d, cached ? Form::ai_d : Form::si_d);
    in.ra = base;
    in.imm = operand.imm & 0xFFFF;
  }
  in.rd = static_cast<u8>(near_one);
  hold(in);
  wrote(near_one);
  if (near_one != slot) copy(slot, near_one, kTypeI64);
  cached_[0] = slot;
}

u64 FunctionTranslator::constant(const Operand& operand) const {
  const u8* at = module_.code.data() + operand.imm;
  if (operand.type == kTypeI64) return static_cast<u64>(trusted_s64(at));
  if (operand.type != kTypeF64) return operand.imm;
  u64 bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

void FunctionTranslator::constant_to(const Operand& operand, u16 slot) {
  const u16 near_one = slot < 256 ? slot : static_cast<u16>(scratch_);
  const u8 rd = static_cast<u8>(near_one);
  const u64 bits = constant(operand);
  const bool is_wide = operand.type == kTypeI64 || operand.type == kTypeF64;
  const i64 number = is_wide ? static_cast<i64>(bits) : static_cast<i32>(static_cast<u32>(bits));
  if (number == static_cast<i16>(number))
    put(is_wide ? Code::const_wide : Code::const_d, Form::ai_d, rd, 0, 0, static_cast<u16>(number));
  else if (is_wide)
    put(Code::const_d64, Form::const64_d, rd, 0, 0, bits);
  else
    put(Code::const_d32, Form::const32_d, rd, 0, 0, static_cast<u32>(number));
  wrote(near_one);
  if (near_one != slot) copy(slot, near_one, kTypeI64);
}

// Accumulators.

bool FunctionTranslator::in_accumulator(const Operand& operand) const {
  if (operand.place == Place::accumulator) return true;
  const u32 c = class_of(operand.type);
  if (c == 3 || cached_[c] < 0) return false;
  return (operand.place == Place::own && cached_[c] == operand.own) ||
         (operand.place == Place::slot && cached_[c] == operand.slot);
}

/// The operand is taken: its accumulator, if it was in one, is free for others.
void FunctionTranslator::consume(const Operand& operand) {
  for (Operand*& owner : owner_)
    if (owner == &operand) owner = nullptr;
}

void FunctionTranslator::claim(u32 c) {
  if (owner_[c] != nullptr) settle(*owner_[c]);
  cached_[c] = -1;
}

void FunctionTranslator::claim_all() {
  for (u32 c = 0; c < 3; ++c) claim(c);
}

void FunctionTranslator::to_accumulator(Operand& operand) {
  if (in_accumulator(operand)) return;
  claim(0);
  RegisterInstruction in;
  if (operand.place == Place::constant) {
    const bool is_short = fits16(operand.imm);
    in = make(is_short ? Code::const_a : Code::const_a32, is_short ? Form::ai : Form::const32);
    in.imm = is_short ? operand.imm & 0xFFFF : operand.imm;
  } else if (operand.place == Place::sum && !fits16(operand.imm)) {
    const u8 base = near(operand.slot, 0);
    put(Code::const_a32, Form::const32, 0, 0, 0, operand.imm);
    in = make(Code::add_as_a, Form::as);
    in.rb = base;
    in.slot_code = Code::add_as_d;
    in.slot_form = Form::as_d;
  } else {
    const bool is_sum = operand.place == Place::sum;
    const u8 base = is_sum ? near(operand.slot, 0) : near_slot(operand, 0);
    in = make(Code::add_si_a, Form::si);
    in.ra = base;
    in.imm = is_sum ? operand.imm & 0xFFFF : 0;
    in.slot_code = Code::add_si_d;
    in.slot_form = Form::si_d;
  }
  hold(in);
  operand.place = Place::accumulator;
  owner_[0] = &operand;
  held_for_ = &operand;
}

void FunctionTranslator::produce(const RegisterInstruction& in, u8 type) {
  const u32 c = class_of(type);
  claim(c);
  hold(in);
  Operand& result = push(type, Place::accumulator);
  owner_[c] = &result;
  held_for_ = &result;
}

void FunctionTranslator::produce_slot(RegisterInstruction in, u8 type) {
  Operand& result = push(type, Place::own);
  const bool is_near = result.own + slots_of(type) <= 256;
  in.rd = static_cast<u8>(is_near ? result.own : scratch_);
  hold(in);
  wrote(in.rd);
  if (slots_of(type) == 2) wrote(in.rd + 1);
  if (is_near)
    held_slot_ = result.own;
  else
    copy(result.own, static_cast<u16>(scratch_), type);
}

/// Brings the two operands of an i32 operation into one of the forms that instructions have.
FunctionTranslator::Pair FunctionTranslator::pair(Operand& a, Operand& b, bool is_commutative) {
  if (b.place == Place::constant && fits16(b.imm)) {
    if (a.place == Place::sum || a.place == Place::constant) to_accumulator(a);
    if (in_accumulator(a)) return {3, 0, 0, b.imm & 0xFFFF};
    return {2, near_slot(a, 0), 0, b.imm & 0xFFFF};
  }
  if (a.place == Place::sum || a.place == Place::constant) settle(a);
  if (b.place == Place::sum || b.place == Place::constant) {
    if (is_commutative && a.place != Place::accumulator)
      to_accumulator(b);
    else
      settle(b);
  }
  if (in_accumulator(a) && b.place != Place::accumulator) return {1, 0, near_slot(b, 1)};
  if (is_commutative && in_accumulator(b)) return {1, 0, near_slot(a, 0)};
  const u16 slot_a = slot_of(a), slot_b = slot_of(b);
  const u8 ra = near(slot_a, 0);
  return {0, ra, near(slot_b, 1)};
}

RegisterInstruction FunctionTranslator::make_pair(Code family, const Pair& pair, bool has_slot_code) const {
  constexpr Form kForms[] = {Form::ss, Form::as, Form::si, Form::ai};
  constexpr Form kSlotForms[] = {Form::ss_d, Form::as_d, Form::si_d, Form::ai_d};
  RegisterInstruction in = make(family + pair.form, kForms[pair.form]);
  in.ra = pair.ra;
  in.rb = pair.rb;
  in.imm = pair.imm;
  if (has_slot_code) {
    in.slot_code = family + (pair.form + 4);
    in.slot_form = kSlotForms[pair.form];
  }
  return in;
}

}  // namespace pipit::wasm::reg
