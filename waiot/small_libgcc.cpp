// 64-bit division, floats in double precision and float subtraction for processors that lack them, in a
// third of libgcc's 10 KB. The
// linker takes these before libgcc's (GCC internals manual, §4.1 and §4.2). Not compiled at link time: calls
// to them arise there.
#include <bit>

#include "base/soft_double.h"

namespace {

using namespace pipit;

/// Division by zero gives all ones, like the processor's own.
u64 divide(u64 dividend, u64 divisor, u64& remainder) {
  if (divisor >> 16 == 0 && divisor != 0) {  // clock counts, decimal digits: schoolbook in digits of 16 bits
    const u32 by = static_cast<u32>(divisor);
    u64 quotient = 0;
    u32 rest = 0;
    for (i32 shift = 48; shift >= 0; shift -= 16) {
      const u32 part = rest << 16 | static_cast<u16>(dividend >> shift);
      quotient |= u64{part / by} << shift;
      rest = part % by;
    }
    remainder = rest;
    return quotient;
  }
  remainder = dividend;
  if (divisor == 0) return ~u64{0};
  if (dividend < divisor) return 0;
  u64 quotient = 0;
  for (i32 shift = std::countl_zero(divisor) - std::countl_zero(dividend); shift >= 0; --shift) {
    quotient <<= 1;
    if (remainder >= divisor << shift) {
      remainder -= divisor << shift;
      quotient |= 1;
    }
  }
  return quotient;
}

u64 magnitude(i64 value) { return value < 0 ? -static_cast<u64>(value) : static_cast<u64>(value); }

u64 bits(f64 value) { return std::bit_cast<u64>(value); }
f64 number(u64 pattern) { return std::bit_cast<f64>(pattern); }

}  // namespace

extern "C" {

u64 __udivdi3(u64 dividend, u64 divisor) {
  u64 remainder;
  return divide(dividend, divisor, remainder);
}

u64 __umoddi3(u64 dividend, u64 divisor) {
  u64 remainder;
  divide(dividend, divisor, remainder);
  return remainder;
}

i64 __divdi3(i64 dividend, i64 divisor) {
  u64 remainder;
  const u64 quotient = divide(magnitude(dividend), magnitude(divisor), remainder);
  return static_cast<i64>((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

i64 __moddi3(i64 dividend, i64 divisor) {
  u64 remainder;
  divide(magnitude(dividend), magnitude(divisor), remainder);
  return static_cast<i64>(dividend < 0 ? -remainder : remainder);
}

f64 __adddf3(f64 a, f64 b) { return number(soft_double::add(bits(a), bits(b))); }
f64 __subdf3(f64 a, f64 b) { return number(soft_double::add(bits(a), bits(b) ^ soft_double::kSign)); }
f64 __muldf3(f64 a, f64 b) { return number(soft_double::multiply(bits(a), bits(b))); }
f64 __divdf3(f64 a, f64 b) { return number(soft_double::divide(bits(a), bits(b))); }
f64 __floatundidf(u64 value) { return number(soft_double::from_integer(0, value)); }
f64 __floatdidf(i64 value) {
  return number(soft_double::from_integer(value < 0 ? soft_double::kSign : 0, magnitude(value)));
}

// a − b is a + (−b), signed zeros and infinities included (IEEE 754-2019, §6.3); negating flips one bit.
// Addition by its own name: the compiler would turn it into a subtraction again.
f32 __addsf3(f32, f32);
f32 __subsf3(f32 left, f32 right) {
  return __addsf3(left, std::bit_cast<f32>(std::bit_cast<u32>(right) ^ u32{1} << 31));
}

}  // extern "C"
