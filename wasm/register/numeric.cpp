#include "wasm/register/numeric.h"

#include <bit>
#include <cmath>

#include "wasm/numeric.h"
#include "wasm/opcode.h"
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

namespace {

constexpr u32 steps(u32 number, Op first) { return number - static_cast<u32>(first); }
constexpr bool in_range(u32 number, Op first, Op last) {
  return number >= static_cast<u32>(first) && number <= static_cast<u32>(last);
}

// f64's arithmetic: add sub mul div in six forms each, then two of a * fd + b.
constexpr u32 kForms = 6, kFirstMadd = 4 * kForms;

f64 arithmetic(u32 operation, f64 a, f64 b) {
  switch (operation) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    default: return a / b;
  }
}

void f64_arithmetic(u32 number, NumericState& s) {
  const bool is_madd = number >= kFirstMadd;
  const u32 form = is_madd ? (number - kFirstMadd) * 3 : number % kForms;
  const f64 slot = s.b->f64_;
  const f64 a = is_madd         ? arithmetic(2, s.a->f64_, s.fd)
                : form % 3 == 0 ? s.a->f64_
                : form % 3 == 1 ? s.fd
                                : slot;
  const f64 b = form % 3 == 2 ? s.fd : slot;
  s.fd = arithmetic(is_madd ? 0 : number / kForms, a, b);
  if (form >= 3) s.d->f64_ = s.fd;
}

// Where a stands to b: the bit that is set says it.
constexpr u32 kLess = 1, kEqual = 2, kGreater = 4;
template <class T>
u32 order(T a, T b) {
  return a < b ? kLess : a == b ? kEqual : a > b ? kGreater : 0;
}
/// eq ne lt gt le ge: the orders for which they hold. Not a number: `ne` alone.
bool holds(u32 relation, u32 found) {
  constexpr u8 kHold[] = {kEqual, kEqual, kLess, kGreater, kLess | kEqual, kGreater | kEqual};
  return ((kHold[relation] & found) != 0) != (relation == 1);
}

TrapKind divide(u32 operation, u64 a, u64 b, u64& result) {
  if (b == 0) return TrapKind::integer_divide_by_zero;
  const bool is_signed = operation % 2 == 0, is_remainder = operation >= 2;
  const bool negative_a = is_signed && static_cast<i64>(a) < 0,
             negative_b = is_signed && static_cast<i64>(b) < 0;
  // On magnitudes, so that there is one division.
  const u64 x = negative_a ? 0 - a : a, y = negative_b ? 0 - b : b;
  const u64 quotient = x / y;
  const bool is_negative = is_remainder ? negative_a : negative_a != negative_b;
  result = is_remainder ? x - quotient * y : quotient;
  if (is_signed && !is_remainder && !is_negative && static_cast<i64>(result) < 0)
    return TrapKind::integer_overflow;
  if (is_negative) result = 0 - result;
  return TrapKind::none;
}

u32 ones(u32 value) { return static_cast<u32>(std::popcount(value)); }

/// i64's instructions with an i64 as the result.
TrapKind integer(u32 number, const NumericState& s, u64& result) {
  const u64 a = s.a->u64_, b = s.b->u64_;
  const u32 high = static_cast<u32>(a >> 32), low = static_cast<u32>(a), shift = static_cast<u32>(b) & 63;
  switch (static_cast<Op>(number)) {
    case Op::i64_clz:
      result = static_cast<u32>(high != 0 ? std::countl_zero(high) : 32 + std::countl_zero(low));
      break;
    case Op::i64_ctz:
      result = static_cast<u32>(low != 0 ? std::countr_zero(low) : 32 + std::countr_zero(high));
      break;
    case Op::i64_popcnt: result = ones(high) + ones(low); break;
    case Op::i64_add: result = a + b; break;
    case Op::i64_sub: result = a - b; break;
    case Op::i64_mul: result = a * b; break;
    case Op::i64_and: result = a & b; break;
    case Op::i64_or: result = a | b; break;
    case Op::i64_xor: result = a ^ b; break;
    case Op::i64_shl: result = a << shift; break;
    case Op::i64_shr_s: result = static_cast<u64>(static_cast<i64>(a) >> shift); break;
    case Op::i64_shr_u: result = a >> shift; break;
    case Op::i64_rotl: result = a << shift | a >> ((64 - shift) & 63); break;
    case Op::i64_rotr: result = a >> shift | a << ((64 - shift) & 63); break;
    case Op::i64_extend8_s: result = static_cast<u64>(i64{static_cast<i8>(low)}); break;
    case Op::i64_extend16_s: result = static_cast<u64>(i64{static_cast<i16>(low)}); break;
    case Op::i64_extend32_s:
    case Op::i64_extend_i32_s: result = static_cast<u64>(i64{static_cast<i32>(low)}); break;
    case Op::i64_extend_i32_u: result = low; break;
    default: return divide(steps(number, Op::i64_div_s), a, b, result);
  }
  return TrapKind::none;
}

/// A float to an integer, of f32 as of f64, which holds every f32.
TrapKind to_integer(f64 value, bool is_wide, bool is_unsigned, bool saturates, u64& result) {
  i64 whole = 0;
  bool fits;
  if (is_wide && is_unsigned) {
    fits = truncate(value, result);
  } else {
    fits = truncate(value, whole);
    const i64 narrowed = is_unsigned ? i64{static_cast<u32>(whole)} : i64{static_cast<i32>(whole)};
    if (!is_wide && whole != narrowed) fits = false;
    result = static_cast<u64>(whole);
  }
  if (fits) return TrapKind::none;
  if (!saturates) return is_nan(value) ? TrapKind::invalid_conversion_to_integer : TrapKind::integer_overflow;
  const u64 least = is_wide ? u64{1} << 63 : u64{1} << 31;
  const bool is_negative = (to_bits(value) & Float<f64>::kSign) != 0;
  result = is_unsigned ? least * 2 - 1 : is_negative ? least : least - 1;
  if (is_nan(value) || (is_unsigned && is_negative)) result = 0;
  return TrapKind::none;
}

/// The trunc_sat instructions come in the order of the trunc ones, which have others in between.
TrapKind truncation(u32 number, NumericState& s) {
  const bool saturates = number >= static_cast<u32>(Op::i32_trunc_sat_f32_s);
  const u32 kind = saturates                                         ? steps(number, Op::i32_trunc_sat_f32_s)
                   : number >= static_cast<u32>(Op::i64_trunc_f32_s) ? steps(number, Op::i64_trunc_f32_s) + 4
                                                                     : steps(number, Op::i32_trunc_f32_s);
  const f64 value = (kind & 2) != 0 ? s.a->f64_ : static_cast<f64>(s.a->f32_);
  const bool is_wide = kind >= 4;
  u64 result;
  const TrapKind fault = to_integer(value, is_wide, (kind & 1) != 0, saturates, result);
  if (fault != TrapKind::none) return fault;
  if (is_wide)
    s.d->u64_ = result;
  else
    s.acc = static_cast<u32>(result);
  return fault;
}

/// An integer to a float. Every i32 and u32 is an i64.
template <class T>
T from_integer(u32 kind, const Value& from) {
  if (kind == 3) return static_cast<T>(from.u64_);
  return static_cast<T>(kind == 0 ? i64{from.i32_} : kind == 1 ? i64{from.u32_} : from.i64_);
}

// In the order of the opcodes of either float type, and as far from its `abs`.
enum FloatOperation : u8 { kAbs, kNeg, kCeil, kFloor, kTrunc, kNearest, kSqrt, kMin = 11, kMax, kCopysign };

f64 float_operation(u32 operation, f64 a, f64 b) {
  constexpr u64 kSign = Float<f64>::kSign;
  switch (operation) {
    case kAbs: return from_bits<f64>(to_bits(a) & ~kSign);
    case kNeg: return from_bits<f64>(to_bits(a) ^ kSign);
    case kCeil: return from_bits<f64>(to_bits(floored(from_bits<f64>(to_bits(a) ^ kSign))) ^ kSign);
    case kFloor: return floored(a);
    case kTrunc: return truncated(a);
    case kNearest: return nearest(a);
    case kSqrt: return std::sqrt(a);
    case kMin: return minimum(a, b);
    case kMax: return maximum(a, b);
    default: return from_bits<f64>((to_bits(a) & ~kSign) | (to_bits(b) & kSign));
  }
}
/// Through f64, where what these choose or round to is exact; but not signs, whose operations leave NaNs as
/// they are.
f32 float_operation(u32 operation, f32 a, f32 b) {
  constexpr u32 kSign = Float<f32>::kSign;
  switch (operation) {
    case kAbs: return from_bits<f32>(to_bits(a) & ~kSign);
    case kNeg: return from_bits<f32>(to_bits(a) ^ kSign);
    case kCopysign: return from_bits<f32>((to_bits(a) & ~kSign) | (to_bits(b) & kSign));
    case kSqrt: return std::sqrt(a);
    default: return static_cast<f32>(float_operation(operation, static_cast<f64>(a), static_cast<f64>(b)));
  }
}

}  // namespace

TrapKind compute(u32 number, NumericState& s) {
  if (number < static_cast<u32>(Op::i64_eqz)) {
    f64_arithmetic(number, s);
  } else if (number == static_cast<u32>(Op::i64_eqz)) {
    s.acc = s.a->u64_ == 0;
  } else if (in_range(number, Op::i64_eq, Op::i64_ge_u)) {
    // eq ne, then signed and unsigned in turn: lt gt le ge.
    const u32 kind = steps(number, Op::i64_eq);
    const bool is_unsigned = kind >= 2 && kind % 2 != 0;
    const u64 flip = is_unsigned ? u64{1} << 63 : 0;
    const u32 found = order(static_cast<i64>(s.a->u64_ ^ flip), static_cast<i64>(s.b->u64_ ^ flip));
    s.acc = holds(kind < 2 ? kind : kind / 2 + 1, found);
  } else if (in_range(number, Op::f64_eq, Op::f64_ge)) {
    s.acc = holds(steps(number, Op::f64_eq), order(s.a->f64_, s.b->f64_));
  } else if (in_range(number, Op::i32_clz, Op::i32_popcnt)) {
    const u32 a = s.a->u32_;
    s.acc = number == static_cast<u32>(Op::i32_clz)   ? static_cast<u32>(std::countl_zero(a))
            : number == static_cast<u32>(Op::i32_ctz) ? static_cast<u32>(std::countr_zero(a))
                                                      : ones(a);
  } else if (number == static_cast<u32>(Op::i32_rotr)) {
    s.acc = std::rotr(s.a->u32_, static_cast<int>(s.b->u32_ & 31));
  } else if (in_range(number, Op::f32_abs, Op::f32_copysign)) {
    s.fs = float_operation(steps(number, Op::f32_abs), s.a->f32_, s.b->f32_);
  } else if (in_range(number, Op::f64_abs, Op::f64_copysign)) {
    s.fd = float_operation(steps(number, Op::f64_abs), s.a->f64_, s.b->f64_);
  } else if (in_range(number, Op::f32_convert_i32_s, Op::f32_convert_i64_u)) {
    s.fs = from_integer<f32>(steps(number, Op::f32_convert_i32_s), *s.a);
  } else if (in_range(number, Op::f64_convert_i32_s, Op::f64_convert_i64_u)) {
    s.fd = from_integer<f64>(steps(number, Op::f64_convert_i32_s), *s.a);
  } else if (number == static_cast<u32>(Op::f32_demote_f64)) {
    s.fs = static_cast<f32>(s.a->f64_);
  } else if (number == static_cast<u32>(Op::f64_promote_f32)) {
    s.fd = static_cast<f64>(s.a->f32_);
  } else if (in_range(number, Op::i32_trunc_f32_s, Op::i32_trunc_f64_u) ||
             in_range(number, Op::i64_trunc_f32_s, Op::i64_trunc_f64_u) ||
             number >= static_cast<u32>(Op::i32_trunc_sat_f32_s)) {
    return truncation(number, s);
  } else {
    u64 result = 0;
    const TrapKind fault = integer(number, s, result);
    if (fault == TrapKind::none) s.d->u64_ = result;
    return fault;
  }
  return TrapKind::none;
}

HANDLER(numeric) {
  NumericState state{&SLOT(2), &SLOT(3), &SLOT(4), acc, fs, fd};
  const TrapKind fault = compute(pc[5], state);
  if (fault != TrapKind::none) [[unlikely]]
    return stop_with_trap(PIPIT_MACHINE, pc, fault);
  PIPIT_GO(pc + 6, state.acc, state.fs, state.fd);
}

}  // namespace pipit::wasm::reg
