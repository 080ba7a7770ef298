#pragma once
#include <limits>

#include "base/types.h"

/// What float instructions compute (Wasm 2.0 §4.3.3-4.3.4) where that is not what C++'s operators do: one
/// definition for every engine, scalar and SIMD. Right with hardware and with software floating point.
/// Include it in files built with -ffp-contract=off.
namespace pipit::wasm {

// Functions compiled for different instruction sets must not become one.
#if defined(__SSE4_2__)
#define PIPIT_ISA sse42
#else
#define PIPIT_ISA portable
#endif
inline namespace PIPIT_ISA {

template <class T>
struct Float;
template <>
struct Float<f32> {
  using Bits = u32;
  static constexpr Bits kSign = 0x8000'0000, kInfinity = 0x7F80'0000, kQuiet = 0x0040'0000;
};
template <>
struct Float<f64> {
  using Bits = u64;
  static constexpr Bits kSign = 0x8000'0000'0000'0000, kInfinity = 0x7FF0'0000'0000'0000,
                        kQuiet = 0x0008'0000'0000'0000;
};

template <class T>
using BitsOf = Float<T>::Bits;

template <class T>
inline T from_bits(BitsOf<T> bits) {
  return __builtin_bit_cast(T, bits);
}
template <class T>
BitsOf<T> to_bits(T value) {
  return __builtin_bit_cast(BitsOf<T>, value);
}

// On the bits, which is short where floats are software.
template <class T>
bool is_nan(T value) {
  return (to_bits(value) & ~Float<T>::kSign) > Float<T>::kInfinity;
}
template <class T>
T quiet(T nan) {
  return from_bits<T>(to_bits(nan) | Float<T>::kQuiet);
}

/// Zeros of both signs are equal to C++ and are told apart here by their sign bit.
template <class T>
T minimum(T a, T b) {
  if (is_nan(a)) return quiet(a);
  if (is_nan(b)) return quiet(b);
  if (a == b) return from_bits<T>(to_bits(a) | to_bits(b));
  return a < b ? a : b;
}
template <class T>
T maximum(T a, T b) {
  if (is_nan(a)) return quiet(a);
  if (is_nan(b)) return quiet(b);
  if (a == b) return from_bits<T>(to_bits(a) & to_bits(b));
  return a > b ? a : b;
}

// Rounding on the bits rather than by the C library's functions: the same on every target, nothing to link,
// and right where a library is not (one for microcontrollers loses the carry out of the lower half of an
// f64).

/// Towards zero. The sign of a zero stays; a NaN becomes quiet.
template <class T>
T truncated(T value) {
  constexpr int kMantissa = std::numeric_limits<T>::digits - 1,
                kBias = std::numeric_limits<T>::max_exponent - 1;
  const auto bits = to_bits(value);
  const int exponent = static_cast<int>((bits & Float<T>::kInfinity) >> kMantissa) - kBias;
  if (exponent < 0) return from_bits<T>(bits & Float<T>::kSign);
  if (exponent >= kMantissa) return is_nan(value) ? quiet(value) : value;
  return from_bits<T>(bits & (~to_bits(T{0}) << (kMantissa - exponent)));
}
template <class T>
T floored(T value) {
  const T whole = truncated(value);
  return value < whole ? whole - 1 : whole;
}
template <class T>
T ceiled(T value) {
  const T whole = truncated(value);
  if (!(value > whole)) return whole;
  return whole + 1;
}
/// Ties to even: adding a number whose last place is 1 lets the addition round.
template <class T>
T nearest(T value) {
  constexpr T kWhole = static_cast<T>(u64{1} << (std::numeric_limits<T>::digits - 1));
  const auto sign = to_bits(value) & Float<T>::kSign;
  const T magnitude = from_bits<T>(to_bits(value) ^ sign);
  if (!(magnitude < kWhole)) return is_nan(value) ? quiet(value) : value;
  const T rounded = (magnitude + kWhole) - kWhole;
  return from_bits<T>(to_bits(rounded) | sign);
}

/// Truncates; false when the result is not representable, or for a NaN. The powers of two that bound the
/// integers are exact in both float formats; -2^31 - 1, the bound below the signed ones, is exact in f64
/// only, where it matters.
template <class Int, class T>
bool truncate(T value, Int& out) {
  constexpr bool is_signed = Int(-1) < Int(0);
  constexpr T limit = static_cast<T>(u64{1} << (sizeof(Int) * 8 - 1)) * (is_signed ? 1 : 2);
  constexpr bool has_one_below = sizeof(T) == 8 && sizeof(Int) == 4;
  const bool above = !is_signed ? value > T{-1} : has_one_below ? value > -limit - 1 : value >= -limit;
  if (!above || !(value < limit)) return false;
  out = static_cast<Int>(value);
  return true;
}
template <class Int, class T>
Int saturate(T value) {
  Int result = 0;
  if (truncate(value, result) || is_nan(value)) return result;
  constexpr bool is_signed = Int(-1) < Int(0);
  constexpr Int max =
      is_signed ? static_cast<Int>(~u64{0} >> (65 - sizeof(Int) * 8)) : static_cast<Int>(~u64{0});
  const bool is_negative = (to_bits(value) & Float<T>::kSign) != 0;
  return is_negative ? static_cast<Int>(is_signed ? -max - 1 : 0) : max;
}

}  // namespace PIPIT_ISA
}  // namespace pipit::wasm
