// Everything but control: variables, arithmetic, memory.
#include <algorithm>

#include "wasm/register/function.h"

namespace pipit::wasm::reg {

namespace {

/// Instructions in the order of the opcodes, whose operands are in slots.
struct Range {
  u8 first, last;
  Code code;
};
constexpr Range kRanges[] = {
    {0x50, 0x5A, Code::i64_eqz},          // to i64.ge_u
    {0x5B, 0x60, Code::f32_eq},           // to f32.ge
    {0x61, 0x69, Code::f64_eq},           // to i32.popcnt
    {0x6D, 0x70, Code::div_s},            // to i32.rem_u
    {0x77, 0x77, Code::rotl},             //
    {0x78, 0x91, Code::rotr},             // to f32.sqrt
    {0x96, 0x9F, Code::f32_min},          // to f64.sqrt
    {0xA4, 0xA6, Code::f64_min},          // to f64.copysign
    {0xA8, 0xBB, Code::i32_trunc_f32_s},  // to f64.promote_f32
    {0xC2, 0xC4, Code::i64_extend8_s},    // to i64.extend32_s
    {0xE0, 0xE7, Code::i32_trunc_sat_f32_s},
};

// Comparisons as the opcodes number them, from eq.
enum Relation : u8 { kEq, kNe, kLtS, kLtU, kGtS, kGtU, kLeS, kLeU, kGeS, kGeU };
/// a R b is b mirrored(R) a.
constexpr u8 kMirrored[] = {kEq, kNe, kGtS, kGtU, kLtS, kLtU, kGeS, kGeU, kLeS, kLeU};
/// Of the six that instructions have, in their order: which one, for those that are among them.
constexpr u8 kFamily[] = {0, 1, 2, 4, 0xFF, 0xFF, 0xFF, 0xFF, 3, 5};

/// The families of instructions that a load or store may become.
struct LoadKind {
  Code code;
  u8 type;
  u8 extension = 0;  ///< the instruction that makes an i64 of the i32
};
constexpr u8 kSigned = static_cast<u8>(Op::i64_extend_i32_s),
             kUnsigned = static_cast<u8>(Op::i64_extend_i32_u);
constexpr LoadKind kLoads[] = {
    // from i32.load
    {Code::load_s_a, kTypeI32},
    {Code::load64_s_d, kTypeI64},
    {Code::loadf32_s_a, kTypeF32},
    {Code::loadf64_s_a, kTypeF64},
    {Code::load8_s_s_a, kTypeI32},
    {Code::load8_u_s_a, kTypeI32},
    {Code::load16_s_s_a, kTypeI32},
    {Code::load16_u_s_a, kTypeI32},
    {Code::load8_s_s_a, kTypeI32, kSigned},
    {Code::load8_u_s_a, kTypeI32, kUnsigned},
    {Code::load16_s_s_a, kTypeI32, kSigned},
    {Code::load16_u_s_a, kTypeI32, kUnsigned},
    {Code::load_s_a, kTypeI32, kSigned},
    {Code::load_s_a, kTypeI32, kUnsigned},
};
struct StoreKind {
  Code slot;         ///< value in a slot
  Code accumulator;  ///< value in its accumulator; count_: none
};
constexpr StoreKind kStores[] = {
    // from i32.store
    {Code::store_s_s, Code::store_s_a},    {Code::store64_s_s, Code::count_},
    {Code::store_s_s, Code::storef32_s_a}, {Code::store64_s_s, Code::storef64_s_a},
    {Code::store8_s_s, Code::store8_s_a},  {Code::store16_s_s, Code::store16_s_a},
    {Code::store8_s_s, Code::count_},      {Code::store16_s_s, Code::count_},
    {Code::store_s_s, Code::count_},
};

/// Codes of an operation of BINARY32, of which the first six but `sub` commute.
constexpr u32 kBinaryCodes = 8;

constexpr bool in_range(u16 op, Op first, Op last) {
  return op >= static_cast<u16>(first) && op <= static_cast<u16>(last);
}
constexpr u32 steps(u16 op, Op first) { return op - static_cast<u32>(first); }

}  // namespace

void FunctionTranslator::operation() {
  const u16 op = in_.op;
  const Op first_bulk = Op::memory_init;
  if (in_range(op, Op::i32_load, Op::i64_load32_u)) return load();
  if (in_range(op, Op::i32_store, Op::i64_store32)) return store();
  if (in_range(op, Op::i32_eq, Op::i32_ge_u)) {
    Operand& b = pop();
    Operand& a = pop();
    return compare32(steps(op, Op::i32_eq), a, b);
  }
  if (in_range(op, Op::i32_add, Op::i32_mul) || in_range(op, Op::i32_and, Op::i32_shr_u)) {
    // Division stands between multiplication and `and`.
    const u32 number =
        op >= static_cast<u16>(Op::i32_and) ? steps(op, Op::i32_and) + 3 : steps(op, Op::i32_add);
    return binary32(Code::add_ss_a + number * kBinaryCodes, number != 1 && number < 6);
  }
  if (in_range(op, Op::f32_add, Op::f32_div))
    return binary_float(Code::f32_add_ss_a + steps(op, Op::f32_add) * 6, 1);
  if (in_range(op, Op::f64_add, Op::f64_div))
    return binary_float(Code::f64_add_ss_a + steps(op, Op::f64_add) * 6, 2);
  for (const Range& range : kRanges)
    if (op >= range.first && op <= range.last) return simple(range.code + (op - range.first), op);
  if (op >= static_cast<u16>(first_bulk)) return whole();
  switch (static_cast<Op>(op)) {
    case Op::drop: consume(pop()); break;
    case Op::select:
    case Op::select_t: select(); break;
    case Op::local_get: local_get(); break;
    case Op::local_set: local_set(false); break;
    case Op::local_tee: local_set(true); break;
    case Op::global_get: global_get(); break;
    case Op::global_set: global_set(); break;
    case Op::i32_const: {
      const u8* at = module_.code.data() + in_.operands;
      push(kTypeI32, Place::constant).imm = static_cast<u32>(trusted_s32(at));
      break;
    }
    case Op::f32_const: {
      const u8* at = module_.code.data() + in_.operands;
      push(kTypeF32, Place::constant).imm = at[0] | u32{at[1]} << 8 | u32{at[2]} << 16 | u32{at[3]} << 24;
      break;
    }
    case Op::i64_const: push(kTypeI64, Place::constant).imm = in_.operands; break;
    case Op::f64_const: push(kTypeF64, Place::constant).imm = in_.operands; break;
    case Op::i32_eqz:
    case Op::ref_is_null: {
      Operand& a = pop();
      Operand zero{Place::constant, kTypeI32, 0, 0, 0};
      if (a.type != kTypeI32) a.type = kTypeI32;  // references are as wide
      compare32(kEq, a, zero);
      break;
    }
    case Op::i32_extend8_s: extend32(Code::extend8_s_s_a); break;
    case Op::i32_extend16_s: extend32(Code::extend16_s_s_a); break;
    case Op::i32_wrap_i64:
    case Op::i32_reinterpret_f32: retype(kTypeI32); break;
    case Op::i64_reinterpret_f64: retype(kTypeI64); break;
    case Op::f32_reinterpret_i32: retype(kTypeF32); break;
    case Op::f64_reinterpret_i64: retype(kTypeF64); break;
    case Op::memory_size: produce(make(Code::memory_size, Form::none), kTypeI32); break;
    case Op::memory_grow: simple(Code::memory_grow, op); break;
    case Op::table_get: in_a_row(1, in_.a, 0, module_.tables[in_.a].type); break;
    case Op::table_set: in_a_row(2, in_.a, 0, 0); break;
    case Op::ref_null: push(static_cast<u8>(in_.a), Place::constant); break;
    case Op::ref_func: {
      claim(0);
      RegisterInstruction in = make(Code::ref_func, Form::const32_d);
      in.imm = in_.a;
      produce_slot(in, 0x70);
      break;
    }
    default: too_large();
  }
}

/// An instruction with one way to be: operands in slots, the result where its type goes.
void FunctionTranslator::simple(Code code, u16 op) {
  const PackedSignature signature = op_info(op).signature;
  const u8 type = static_cast<u8>(0x80 - (signature & 7));
  const bool has_two = signature >> 6 != 0;
  RegisterInstruction in = make(code, has_two ? Form::ss : Form::s);
  in.rc = static_cast<u8>(op);
  Operand* const b = has_two ? &pop() : nullptr;
  Operand& a = pop();
  const u16 slot_a = slot_of(a), slot_b = has_two ? slot_of(*b) : u16{0};
  in.ra = near(slot_a, 0);
  if (has_two) in.rb = near(slot_b, 1);
  if (type == kTypeI64)
    produce_slot(in, type);
  else
    produce(in, type);
}

// Integers.

void FunctionTranslator::binary32(Code family, bool is_commutative) {
  Operand* b = &pop();
  Operand* a = &pop();
  if (is_commutative && a->place == Place::constant) std::swap(a, b);
  if (family == Code::sub_ss_a && b->place == Place::constant) {
    b->imm = 0 - b->imm;
    family = Code::add_ss_a;
  }
  if (family == Code::add_ss_a && b->place == Place::constant && a->place != Place::constant) {
    // Not computed yet: perhaps a load adds it itself.
    if (a->place == Place::accumulator && fits16(b->imm)) {
      Pair sum{3, 0, 0, b->imm & 0xFFFF};
      consume(*a);
      return produce(make_pair(family, sum, true), kTypeI32);
    }
    const u32 imm = b->imm + (a->place == Place::sum ? a->imm : 0);
    u16 slot = a->place == Place::sum ? a->slot : a->place == Place::slot ? a->slot : a->own;
    // Behind a constant the other operand stands one slot too high: the next operand would overwrite it
    // there.
    const u16 kept = next_slot();
    const bool is_free = slot > kept;
    if (a->place == Place::accumulator) {
      slot = is_free ? kept : slot;
      write_to(*a, slot);
    } else if (is_free) {
      copy(kept, slot, kTypeI32);
      slot = kept;
    }
    Operand& sum = push(kTypeI32, Place::sum);
    sum.slot = slot;
    sum.imm = imm;
    return;
  }
  if (family == Code::and_ss_a && b->place == Place::constant && b->imm == 0xFFFF) {
    std::swap(*a, stack_[height_]);
    ++height_;
    return extend32(Code::extend16_u_s_a);
  }
  if (family == Code::sub_ss_a && a->place == Place::constant && fits16(a->imm)) {
    // Immediate - source.
    const u32 imm = a->imm & 0xFFFF;
    if (b->place == Place::sum) to_accumulator(*b);
    const Pair reversed = in_accumulator(*b) ? Pair{3, 0, 0, imm} : Pair{2, near_slot(*b, 0), 0, imm};
    consume(*b);
    return produce(make_pair(family, reversed, true), kTypeI32);
  }
  if (family == Code::and_ss_a && shift_and_mask(*a, *b)) return;
  if (family == Code::add_ss_a && multiply_and_add(*a, *b, Code::mul_as_a, Code::madd_a, kTypeI32)) return;
  const bool is_shift = family >= Code::shl_ss_a;
  if (is_shift && b->place == Place::constant) b->imm &= 31;
  const Pair operands = pair(*a, *b, is_commutative);
  consume(*a);
  consume(*b);
  produce(make_pair(family, operands, true), kTypeI32);
}

/// The multiplication held back takes the addition of something in a slot along.
bool FunctionTranslator::multiply_and_add(Operand& a, Operand& b, Code product, Code sum, u8 type) {
  const RegisterInstruction last = emitter_.last();
  if (!emitter_.holds() || (held_for_ != &a && held_for_ != &b)) return false;
  const bool is_product = last.code == product || (type != kTypeI32 && last.code == product + 1);  // as, sa
  const Operand& other = held_for_ == &a ? b : a;
  if (!is_product || (other.place != Place::own && other.place != Place::slot)) return false;
  const u16 slot = other.place == Place::own ? other.own : other.slot;
  if (slot > 255) return false;
  emitter_.withdraw();
  consume(a);
  consume(b);
  RegisterInstruction in = make(sum, Form::ss);
  in.ra = last.rb;
  in.rb = static_cast<u8>(slot);
  in.slot_code = sum + 1;
  in.slot_form = Form::ss_d;
  produce(in, type);
  return true;
}

/// A shift to the right by a constant takes the mask along.
bool FunctionTranslator::shift_and_mask(Operand& a, const Operand& mask) {
  const RegisterInstruction last = emitter_.last();
  if (!emitter_.holds() || held_for_ != &a || mask.place != Place::constant || mask.imm > 0xFFFF)
    return false;
  if (last.code != Code::shr_u_si_a && last.code != Code::shr_u_ai_a) return false;
  const bool from_slot = last.code == Code::shr_u_si_a;
  emitter_.withdraw();
  consume(a);
  RegisterInstruction in =
      make(from_slot ? Code::bits_s_a : Code::bits_a_a, from_slot ? Form::mem_w : Form::const32);
  in.ra = last.ra;
  in.imm = (last.imm & 0xFFFF) | u64{mask.imm} << 16;
  in.slot_code = in.code + 2;
  in.slot_form = from_slot ? Form::mem_w_d : Form::const32_d;
  produce(in, kTypeI32);
  return true;
}

void FunctionTranslator::extend32(Code family) {
  Operand& a = pop();
  if (a.place == Place::sum || a.place == Place::constant) to_accumulator(a);
  const bool direct = in_accumulator(a);
  RegisterInstruction in = make(family + (direct ? 1 : 0), direct ? Form::a : Form::s);
  if (!direct) in.ra = near_slot(a, 0);
  in.slot_code = family + (direct ? 3 : 2);
  in.slot_form = direct ? Form::a_d : Form::s_d;
  consume(a);
  produce(in, kTypeI32);
}

void FunctionTranslator::compare32(u32 relation, Operand& a, Operand& b) {
  Operand* left = &a;
  Operand* right = &b;
  if (left->place == Place::constant && right->place != Place::constant) {
    std::swap(left, right);
    relation = kMirrored[relation];
  }
  if (relation >= kGtS && relation <= kLeU) {
    const bool is_unsigned = relation == kGtU || relation == kLeU;
    const u32 greatest = is_unsigned ? ~u32{0} : 0x7FFF'FFFFu;
    if (right->place == Place::constant && right->imm != greatest) {
      ++right->imm;  // a > C is a >= C + 1
      relation = relation == kGtS ? kGeS : relation == kGtU ? kGeU : relation == kLeS ? kLtS : kLtU;
    } else {
      std::swap(left, right);
      relation = kMirrored[relation];
    }
  }
  const i32 cached = cached_[0];
  const Pair operands = pair(*left, *right, relation <= kNe);
  consume(a);
  consume(b);
  const i32 kept = owner_[0] == nullptr ? (cached_[0] == cached ? cached : cached_[0]) : -1;
  produce(make_pair(Code::eq_ss_a + kFamily[relation] * kCompareCodes, operands, false), kTypeI32);
  cached_before_ = kept;
}

/// The same bits as another type.
void FunctionTranslator::retype(u8 type) {
  Operand& a = stack_[height_ - 1];
  if (a.place == Place::accumulator || a.place == Place::constant || a.place == Place::sum) settle(a);
  a.type = type;
}

// Floats.

void FunctionTranslator::binary_float(Code family, u32 c) {
  Operand& b = pop();
  Operand& a = pop();
  constexpr Form kForms[] = {Form::ss, Form::as, Form::as};
  constexpr Form kSlotForms[] = {Form::ss_d, Form::as_d, Form::as_d};
  const bool is_single = c == 1;
  if (family == (is_single ? Code::f32_add_ss_a : Code::f64_add_ss_a) &&
      multiply_and_add(a, b, is_single ? Code::f32_mul_as_a : Code::f64_mul_as_a,
                       is_single ? Code::f32_madd_a : Code::f64_madd_a, is_single ? kTypeF32 : kTypeF64))
    return;
  // Constants go first: putting them in their slots leaves the accumulators alone.
  if (a.place == Place::constant) settle(a);
  if (b.place == Place::constant) settle(b);
  u32 form = 0;
  if (in_accumulator(a) && b.place != Place::accumulator)
    form = 1;
  else if (in_accumulator(b))
    form = 2;
  RegisterInstruction in = make(family + form, kForms[form]);
  if (form == 0) {
    const u16 slot_a = slot_of(a), slot_b = slot_of(b);
    in.ra = near(slot_a, 0);
    in.rb = near(slot_b, 1);
  } else {
    in.rb = near_slot(form == 1 ? b : a, 0);
  }
  in.slot_code = family + (form + 3);
  in.slot_form = kSlotForms[form];
  consume(a);
  consume(b);
  produce(in, c == 1 ? kTypeF32 : kTypeF64);
}

// Variables.

void FunctionTranslator::local_get() {
  const Local local = locals_[in_.a];
  push(local.type, Place::slot).slot = local.slot;
}

void FunctionTranslator::local_set(bool keep) {
  const Local local = locals_[in_.a];
  Operand& value = pop();
  settle_readers(local.slot);
  RegisterInstruction& last = emitter_.last();
  const u32 slots = slots_of(local.type);
  if (value.place == Place::own && held_slot_ == value.own && emitter_.holds() && local.slot + slots <= 256) {
    // What has just been computed can go there at once.
    last.rd = static_cast<u8>(local.slot);
    for (u32 i = 0; i < slots; ++i) wrote(static_cast<u16>(local.slot + i));
    for (i32& cached : cached_)
      if (cached == value.own) cached = local.slot;
    held_slot_ = -1;
  } else {
    write_to(value, local.slot);
  }
  if (keep) push(local.type, Place::slot).slot = local.slot;
}

void FunctionTranslator::global_get() {
  const u8 type = module_.globals[in_.a].type;
  if (slots_of(type) == 2) return wide();
  if (in_.a > 0xFFFF) return too_large();
  claim(0);
  RegisterInstruction in = make(Code::global_get, Form::ai_d);
  in.imm = in_.a;
  produce_slot(in, type);
  if (class_of(type) == 0) cached_[0] = stack_[height_ - 1].own;
}

void FunctionTranslator::global_set() {
  if (slots_of(stack_[height_ - 1].type) == 2) return wide();
  if (in_.a > 0xFFFF) return too_large();
  Operand& value = pop();
  if (class_of(value.type) == 0 && in_accumulator(value)) {
    consume(value);
    return put(Code::global_set_a, Form::ai, 0, 0, 0, in_.a);
  }
  const u8 rd = near_slot(value, 0);
  put(Code::global_set, Form::ai_d, rd, 0, 0, in_.a);
}

void FunctionTranslator::select() {
  if (slots_of(stack_[height_ - 2].type) == 2) return wide();
  Operand& condition = pop();
  Operand& b = pop();
  Operand& a = pop();
  const u8 type = a.type;
  // Constants and copies leave the accumulator to the condition; sums do not, and move it to a slot.
  const u16 slot_a = slot_of(a), slot_b = slot_of(b);
  const bool direct = in_accumulator(condition);
  const u16 slot_c = direct ? u16{0} : slot_of(condition);
  RegisterInstruction in =
      make(direct ? Code::select_a : Code::select_s, direct ? Form::ss_d : Form::select_s);
  in.ra = near(slot_a, 0);
  in.rb = near(slot_b, 1);
  if (!direct) in.rc = near(slot_c, 2);
  consume(condition);
  produce_slot(in, type);
}

// Memory.

FunctionTranslator::Address FunctionTranslator::address(Operand& a, bool allow_sum) {
  const u32 offset = in_.b;
  if (a.place == Place::sum && offset == 0) return {2, near(a.slot, 0), 0, a.imm};
  if (a.place == Place::constant && a.imm <= ~u32{0} - offset) {
    a.imm += offset;
    to_accumulator(a);
    consume(a);
    return {1};
  }
  RegisterInstruction& last = emitter_.last();
  if (allow_sum && offset == 0 && held_for_ == &a && last.code == Code::add_ss_a) {
    const Address sum{3, last.ra, last.rb};
    emitter_.withdraw();
    consume(a);
    return sum;
  }
  if (a.place == Place::sum || a.place == Place::constant) to_accumulator(a);
  const bool direct = in_accumulator(a);
  if (offset <= 0xFFFF) {
    if (!direct) return {0, near_slot(a, 0), 0, offset};
    consume(a);
    return {1, 0, 0, offset};
  }
  const u8 ra = direct ? u8{0} : near_slot(a, 0);
  consume(a);
  claim(0);
  put(direct ? Code::far_a : Code::far_s, direct ? Form::far_a : Form::far_s, 0, ra, 0, offset);
  return {1};
}

void FunctionTranslator::load() {
  constexpr Form kForms[] = {Form::mem_s, Form::mem_a, Form::mem_w, Form::ss};
  constexpr Form kSlotForms[] = {Form::mem_s_d, Form::mem_a_d, Form::mem_w_d, Form::ss_d};
  const LoadKind kind = kLoads[steps(in_.op, Op::i32_load)];
  const Address from = address(pop(), kind.type != kTypeI64);
  RegisterInstruction in = make(kind.code + from.form, kForms[from.form]);
  in.ra = from.ra;
  in.rb = from.rb;
  in.imm = from.imm;
  claim(0);
  if (kind.type == kTypeI64) {
    in.form = kSlotForms[from.form];
    return produce_slot(in, kind.type);
  }
  in.slot_form = kSlotForms[from.form];
  if (kind.type == kTypeI32)
    in.slot_code = kind.code + (from.form + 4);
  else if (from.form != 3)
    in.slot_code = kind.type == kTypeF32 ? Code::load_s_d + from.form : Code::load64_s_d + from.form;
  produce(in, kind.type);
  if (kind.extension != 0) simple(Code::i64_extend_i32_s + (kind.extension - kSigned), kind.extension);
}

void FunctionTranslator::store() {
  const StoreKind kind = kStores[steps(in_.op, Op::i32_store)];
  Operand& value = pop();
  Operand& target = pop();
  const u32 c = class_of(value.type);
  // The address needs the accumulator unless it is a slot, or a slot and a constant.
  const bool simple = ((target.place == Place::own || target.place == Place::slot) && in_.b <= 0xFFFF) ||
                      (target.place == Place::sum && in_.b == 0);
  if (value.place == Place::sum || (value.place == Place::constant && c == 0)) {
    if (simple && kind.accumulator != Code::count_)
      to_accumulator(value);
    else
      settle(value);
  } else if (value.place == Place::constant) {
    settle(value);
  }
  const bool direct = kind.accumulator != Code::count_ && in_accumulator(value) && (c != 0 || simple);
  const u16 slot = direct ? u16{0} : slot_of(value);
  // In a slot, an address that an accumulator happens to hold as well is as good.
  if (c == 0 && direct) cached_[0] = value.place == Place::accumulator ? -1 : cached_[0];
  Address to;
  if (direct && c == 0)
    to = target.place == Place::sum ? Address{2, near(target.slot, 0), 0, target.imm}
                                    : Address{0, near_slot(target, 0), 0, in_.b};
  else
    to = address(target, false);
  consume(value);
  RegisterInstruction in;
  if (direct) {
    constexpr Form kForms[] = {Form::mem_s, Form::mem_a, Form::mem_w};
    const u32 form =
        c == 0 && to.form == 2 ? 1 : to.form;  // i32: no form with the address in the accumulator
    in = make(kind.accumulator + form, kForms[to.form]);
  } else {
    constexpr Form kForms[] = {Form::mem_s_d, Form::mem_a_d, Form::mem_w_d};
    in = make(kind.slot + to.form, kForms[to.form]);
    in.rd = near(slot, 1);
  }
  in.ra = to.ra;
  in.imm = to.imm;
  claim(0);
  hold(in);
  emitter_.finish();
}

// Instructions whose operands stand in a row of slots.

void FunctionTranslator::in_a_row(u32 pops, u32 x, u32 y, u8 result) {
  if (x > 0xFFFF || y > 0xFFFF) return too_large();
  settle_from(height_ - pops);
  claim_all();
  height_ -= pops;
  settled_ = std::min(settled_, height_);
  RegisterInstruction in = make(Code::bulk, Form::u16x4);
  in.imm = next_slot() | u64{x} << 16 | u64{y} << 32 | u64{in_.op} << 48;
  put(in);
  if (result != 0) {
    push(result, Place::own);
    wrote(stack_[height_ - 1].own);
  }
}

/// Bulk operations on memories and tables.
void FunctionTranslator::whole() {
  const Op op = static_cast<Op>(in_.op);
  const bool has_result = op == Op::table_grow || op == Op::table_size;
  const u32 pops = op == Op::data_drop || op == Op::elem_drop || op == Op::table_size ? 0
                   : op == Op::table_grow                                             ? 2
                                                                                      : 3;
  const bool is_of_memory = op == Op::memory_copy || op == Op::memory_fill;
  const bool has_two = op == Op::table_init || op == Op::table_copy;
  in_a_row(pops, is_of_memory ? 0 : in_.a, has_two ? in_.b : 0, has_result ? kTypeI32 : u8{0});
}

}  // namespace pipit::wasm::reg
