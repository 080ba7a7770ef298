#pragma once
#include <bit>

#include "base/types.h"

/// 64-bit floating-point arithmetic in integers (IEEE 754-2019, round to nearest, ties to even), for
/// processors without it, in a third of libgcc's bytes. Operands and results are bit patterns; whatever is
/// not a number comes out as the one canonical quiet NaN.
namespace pipit::soft_double {

constexpr u64 kSign = u64{1} << 63, kInfinity = u64{0x7FF} << 52, kFraction = (u64{1} << 52) - 1;
constexpr u64 kNotANumber = kInfinity | u64{1} << 51;
constexpr i32 kBias = 1023, kLargestExponent = 0x7FF;
/// Significands on the way have their leading bit here: three bits more than the format keeps, the lowest of
/// which stands for all that were shifted out.
constexpr i32 kTop = 55;

constexpr u64 magnitude(u64 a) { return a & ~kSign; }
constexpr i32 exponent(u64 a) { return static_cast<i32>(a >> 52) & kLargestExponent; }
constexpr bool is_nan(u64 a) { return magnitude(a) > kInfinity; }

/// Shifts right; a bit lost leaves its trace in the lowest.
constexpr u64 shift_sticky(u64 a, i32 count) {
  if (count >= 64) return a != 0;
  return count <= 0 ? a : a >> count | ((a << (64 - count)) != 0);
}

/// A significand with its leading bit at 52, and the exponent to it, of a number that is not 0.
struct Unpacked {
  u64 significand;
  i32 exponent;
};
[[gnu::noinline]] constexpr Unpacked unpack(u64 a) {
  const i32 e = exponent(a);
  if (e != 0) return {(a & kFraction) | (kFraction + 1), e};
  const i32 shift = std::countl_zero(a & kFraction) - 11;
  return {(a & kFraction) << shift, 1 - shift};
}

/// Rounds a significand with its leading bit at kTop or below (then it is one of a subnormal, or 0).
[[gnu::noinline]] constexpr u64 pack(u64 sign, i32 e, u64 significand) {
  if (e <= 0) significand = shift_sticky(significand, 1 - e), e = 1;
  if (e >= kLargestExponent) return sign | kInfinity;
  const u64 rest = significand & 7;
  significand >>= 3;
  u64 bits = (significand & kFraction) | (significand > kFraction ? static_cast<u64>(e) << 52 : 0);
  if (rest > 4 || (rest == 4 && (bits & 1) != 0)) ++bits;  // may carry into the exponent, up to infinity
  return sign | bits;
}

constexpr u64 add(u64 a, u64 b) {
  if (magnitude(a) < magnitude(b)) {
    const u64 swapped = a;
    a = b, b = swapped;
  }
  const bool differ = ((a ^ b) & kSign) != 0;
  if (magnitude(a) >= kInfinity) return is_nan(a) || (magnitude(b) == kInfinity && differ) ? kNotANumber : a;
  if (magnitude(b) == 0) return magnitude(a) == 0 ? a & b : a;
  const Unpacked left = unpack(a), right = unpack(b);
  const u64 smaller = shift_sticky(right.significand << 3, left.exponent - right.exponent);
  u64 sum = left.significand << 3;
  i32 e = left.exponent;
  if (!differ) {
    sum += smaller;
    if (sum >> (kTop + 1) != 0) sum = shift_sticky(sum, 1), ++e;
  } else {
    sum -= smaller;
    if (sum == 0) return 0;
    const i32 shift = std::countl_zero(sum) - (63 - kTop);
    sum <<= shift;
    e -= shift;
  }
  return pack(a & kSign, e, sum);
}

/// High half of a 128-bit product, whatever the low half holds as a trace in the lowest bit.
constexpr u64 multiply_high(u64 a, u64 b) {
  const u64 low_a = static_cast<u32>(a), high_a = a >> 32, low_b = static_cast<u32>(b), high_b = b >> 32;
  const u64 low = low_a * low_b;
  const u64 middle = high_a * low_b + (low >> 32);  // does not overflow
  const u64 other = low_a * high_b + static_cast<u32>(middle);
  const bool rest = (static_cast<u32>(low) | static_cast<u32>(other)) != 0;
  return (high_a * high_b + (middle >> 32) + (other >> 32)) | rest;
}

constexpr u64 multiply(u64 a, u64 b) {
  const u64 sign = (a ^ b) & kSign;
  a = magnitude(a), b = magnitude(b);
  if (a >= kInfinity || b >= kInfinity)
    return a > kInfinity || b > kInfinity || a == 0 || b == 0 ? kNotANumber : sign | kInfinity;
  if (a == 0 || b == 0) return sign;
  const Unpacked left = unpack(a), right = unpack(b);
  // Leading bits at 55 and 63 give one at 54 or 55 of the high half.
  u64 product = multiply_high(left.significand << 3, right.significand << 11);
  i32 e = left.exponent + right.exponent - kBias;
  if (product >> kTop != 0)
    ++e;
  else
    product <<= 1;
  return pack(sign, e, product);
}

constexpr u64 divide(u64 a, u64 b) {
  const u64 sign = (a ^ b) & kSign;
  a = magnitude(a), b = magnitude(b);
  if (a > kInfinity || b > kInfinity || (a == b && (a == 0 || a == kInfinity))) return kNotANumber;
  if (a == kInfinity || b == 0) return sign | kInfinity;
  if (b == kInfinity || a == 0) return sign;
  const Unpacked left = unpack(a), right = unpack(b);
  u64 rest = left.significand, quotient = 0;
  i32 e = left.exponent - right.exponent + kBias;
  if (rest < right.significand) rest <<= 1, --e;
  for (i32 bit = kTop; bit >= 0; --bit) {
    quotient <<= 1;
    if (rest >= right.significand) rest -= right.significand, quotient |= 1;
    rest <<= 1;
  }
  return pack(sign, e, quotient | (rest != 0));
}

constexpr u64 from_integer(u64 sign, u64 value) {
  if (value == 0) return 0;
  const i32 shift = std::countl_zero(value);
  return pack(sign, kBias + 63 - shift, shift_sticky(value << shift, 63 - kTop));
}

}  // namespace pipit::soft_double
