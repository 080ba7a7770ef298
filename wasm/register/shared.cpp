#include "wasm/register/shared.h"

#include <iterator>
#include <utility>

namespace pipit::wasm::reg {

namespace {

// Which operands stand behind the code, in this order: kD a slot for the result, or for what is stored; kA
// and kB slots; then, aligned, an immediate of 16 bits, which kOffset does not extend, or of 32. Without kA
// the first operand is the accumulator.
enum Fields : u8 { kD = 1, kA = 2, kB = 4, kImmediate = 8, kOffset = 16, kWide = 32 };

// In the order of the forms of a family (instructions.def).
constexpr u8 kBinaryForms[] = {kA | kB,      kB,      kA | kImmediate,      kImmediate,
                               kD | kA | kB, kD | kB, kD | kA | kImmediate, kD | kImmediate};
constexpr u8 kUnaryForms[] = {kA, 0, kD | kA, kD};
constexpr u8 kLoadForms[] = {kA | kOffset,      kOffset,      kA | kWide,      kA | kB,
                             kD | kA | kOffset, kD | kOffset, kD | kA | kWide, kD | kA | kB};
constexpr u8 kStoreForms[] = {kD | kA | kOffset, kD | kOffset, kD | kA | kWide};
constexpr u8 kFloatForms[] = {kA | kB, kB, kB, kD | kA | kB, kD | kB, kD | kB};

struct Operands {
  const u8* end;
  Value* d;
  u32 a, b;
};

Operands read_operands(const u8* at, u32 fields, u32 accumulator, Value* fp) {
  Operands out{at, fp + *at, accumulator, 0};
  if ((fields & kD) != 0) ++at;
  if ((fields & kA) != 0) out.a = fp[*at++].u32_;
  if ((fields & kB) != 0) out.b = fp[*at++].u32_;
  at += (at - out.end) & 1;
  if ((fields & (kImmediate | kOffset)) != 0) {
    out.b = (fields & kImmediate) != 0 ? static_cast<u32>(i32{read_i16(at)}) : read_u16(at);
    at += 2;
  } else if ((fields & kWide) != 0) {
    out.b = read_u16(at) | u32{read_u16(at + 2)} << 16;
    at += 4;
  }
  out.end = at;
  return out;
}

constexpr u32 number(Code code) { return static_cast<u32>(code); }

u32 arithmetic(u32 operation, u32 a, u32 b) {
  switch (operation) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    case 3: return a & b;
    case 4: return a | b;
    case 5: return a ^ b;
    case 6: return a << (b & 31);
    case 7: return static_cast<u32>(static_cast<i32>(a) >> (b & 31));
    default: return a >> (b & 31);
  }
}

/// eq ne lt_s ge_s lt_u ge_u: every second one is the opposite of the one before.
bool holds(u32 relation, u32 a, u32 b) {
  const u32 flip = relation < 4 ? u32{1} << 31 : 0;  // signed order is unsigned order with the sign turned
  const bool first = relation < 2 ? a == b : (a ^ flip) < (b ^ flip);
  return first != ((relation & 1) != 0);
}

f32 arithmetic(u32 operation, f32 a, f32 b) {
  switch (operation) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    default: return a / b;
  }
}
bool holds(u32 relation, f32 a, f32 b) {
  switch (relation) {
    case 0: return a == b;
    case 1: return a != b;
    case 2: return a < b;
    case 3: return a > b;
    case 4: return a <= b;
    default: return a >= b;
  }
}

constexpr u32 kWays = 12, kBranch = 4, kBack = 8;  ///< of a comparison: four values, branches, branches back

const u8* compare(u32 code, const u8* pc, SharedState& s) {
  const u32 way = code % kWays, relation = code / kWays;
  const bool branches = way >= kBranch;
  const Operands in = read_operands(pc + (branches ? 4 : 2), kBinaryForms[way % 4], s.acc, s.fp);
  const bool result = holds(relation, in.a, in.b);
  s.acc = branches ? in.a : u32{result};
  if (!branches || !result) return in.end;
  s.goes_back = way >= kBack;
  return pc + isize{read_i16(pc + 2)} * 2;
}

/// Loads and stores, by what they do: how many bytes, as a power of two, and where they go or come from.
struct Access {
  u8 first;  ///< code of its first form, from the first load's
  u8 log2;
  enum Kind : u8 {
    to_slot,
    to_acc,
    to_acc_signed,
    to_f32,
    to_f64,
    from_slot,
    from_acc,
    from_f32,
    from_f64
  } kind;
};
constexpr u8 from_first_load(Code code) { return static_cast<u8>(number(code) - number(Code::load_s_a)); }
constexpr Access kAccesses[] = {{from_first_load(Code::load_s_a), 2, Access::to_acc},
                                {from_first_load(Code::load8_s_s_a), 0, Access::to_acc_signed},
                                {from_first_load(Code::load8_u_s_a), 0, Access::to_acc},
                                {from_first_load(Code::load16_s_s_a), 1, Access::to_acc_signed},
                                {from_first_load(Code::load16_u_s_a), 1, Access::to_acc},
                                {from_first_load(Code::loadf32_s_a), 2, Access::to_f32},
                                {from_first_load(Code::loadf64_s_a), 3, Access::to_f64},
                                {from_first_load(Code::load64_s_d), 3, Access::to_slot},
                                {from_first_load(Code::store_s_s), 2, Access::from_slot},
                                {from_first_load(Code::store8_s_s), 0, Access::from_slot},
                                {from_first_load(Code::store16_s_s), 1, Access::from_slot},
                                {from_first_load(Code::store64_s_s), 3, Access::from_slot},
                                {from_first_load(Code::store_s_a), 2, Access::from_acc},
                                {from_first_load(Code::store8_s_a), 0, Access::from_acc},
                                {from_first_load(Code::store16_s_a), 1, Access::from_acc},
                                {from_first_load(Code::storef32_s_a), 2, Access::from_f32},
                                {from_first_load(Code::storef64_s_a), 3, Access::from_f64}};

u32 fields_of(const Access& access, u32 form) {
  switch (access.kind) {
    case Access::to_slot: return kLoadForms[form + 4];
    case Access::from_slot: return kStoreForms[form];
    case Access::from_acc: return kLoadForms[usize{form} * 2];
    default: return kLoadForms[form];
  }
}

/// Where the accumulator or slot is that an access loads into or stores from.
void* place_of(const Access& access, const Operands& in, SharedState& s) {
  switch (access.kind) {
    case Access::to_slot:
    case Access::from_slot: return in.d;
    case Access::to_f32:
    case Access::from_f32: return &s.fs;
    case Access::to_f64:
    case Access::from_f64: return &s.fd;
    default: return &s.acc;
  }
}

const u8* access_memory(u32 code, const u8* pc, SharedState& s) {
  const u32 from_first = code - number(Code::load_s_a);
  const Access* access = std::end(kAccesses) - 1;
  if (from_first < from_first_load(Code::loadf32_s_a))
    access = kAccesses + from_first / 8;
  else
    while (from_first < access->first) --access;
  const u32 fields = fields_of(*access, from_first - access->first);
  const Operands in = read_operands(pc + 2, fields, s.acc, s.fp);
  const u32 address = in.a + in.b;
  if (((fields & kOffset) != 0 && address < in.a) || address >= s.machine->reach[access->log2])
    return nullptr;
  u8* const at = s.machine->memory + address;
  u8* const place = static_cast<u8*>(place_of(*access, in, s));
  const u32 bytes = 1u << access->log2;
  if (access->kind >= Access::from_slot) {
    std::memcpy(at, place, bytes);
    return in.end;
  }
  if (access->kind <= Access::to_acc_signed) s.acc = 0;
  std::memcpy(place, at, bytes);
  if (access->kind == Access::to_acc_signed) {
    const u32 spare = 32 - bytes * 8;
    s.acc = static_cast<u32>(static_cast<i32>(s.acc << spare) >> spare);
  }
  if ((fields & kD) != 0 && access->kind != Access::to_slot) in.d->u32_ = s.acc;
  return in.end;
}

const u8* compute_float(u32 code, const u8* pc, SharedState& s) {
  const bool compares = code >= number(Code::f32_eq);
  const u32 from_first = code - number(compares ? Code::f32_eq : Code::f32_add_ss_a);
  const u32 form = compares ? 0 : from_first % 6, fields = kFloatForms[form];
  Operands in = read_operands(pc + 2, fields, __builtin_bit_cast(u32, s.fs), s.fp);
  if (form % 3 == 2) std::swap(in.a, in.b);
  const f32 a = __builtin_bit_cast(f32, in.a), b = __builtin_bit_cast(f32, in.b);
  if (compares) {
    s.acc = holds(from_first, a, b);
    return in.end;
  }
  s.fs = arithmetic(from_first / 6, a, b);
  if ((fields & kD) != 0) in.d->f32_ = s.fs;
  return in.end;
}

u32 extend(u32 operation, u32 a) {
  if (operation == 0) return static_cast<u32>(i32{static_cast<i8>(a)});
  return operation == 1 ? static_cast<u32>(i32{static_cast<i16>(a)}) : a & 0xFFFF;
}

}  // namespace

const u8* execute_shared(Code which, const u8* pc, SharedState& s) {
  const u32 code = number(which);
  s.goes_back = false;
  if (code >= number(Code::f32_add_ss_a)) return compute_float(code, pc, s);
  if (code >= number(Code::load_s_a)) return access_memory(code, pc, s);
  if (code >= number(Code::eq_ss_a) && code < number(Code::extend8_s_s_a))
    return compare(code - number(Code::eq_ss_a), pc, s);
  const bool extends = code >= number(Code::extend8_s_s_a);
  const u32 from_first = extends ? code - number(Code::extend8_s_s_a) : code;
  const u32 fields = extends ? kUnaryForms[from_first % 4] : kBinaryForms[from_first % 8];
  Operands in = read_operands(pc + 2, fields, s.acc, s.fp);
  // Immediate - source.
  if (code >= number(Code::sub_si_a) && code < number(Code::mul_ss_a) && (fields & kImmediate) != 0)
    std::swap(in.a, in.b);
  s.acc = extends ? extend(from_first / 4, in.a) : arithmetic(from_first / 8, in.a, in.b);
  if ((fields & kD) != 0) in.d->u32_ = s.acc;
  return in.end;
}

}  // namespace pipit::wasm::reg
