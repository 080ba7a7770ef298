#pragma once
#include <cmath>

#include "base/types.h"
#include "nn/format.h"

/// The arithmetic of quantised operators. One rounding rule, the same bits on every platform.
namespace pipit::nn {

constexpr i32 kInt8Min = -128;
constexpr i32 kInt8Max = 127;

/// Whether rescale() may be given it: multiplier 0 or in [2^30, 2^31 − 1], shift in [−31, 30].
constexpr bool is_valid(const format::Rescale& factor) {
  const bool normal = factor.multiplier >= (1 << 30);
  return (normal || factor.multiplier == 0) && factor.shift >= -31 && factor.shift <= 30;
}

/// rescale() without its short cut.
[[gnu::noinline]] constexpr i32 rescale_wide(i32 x, format::Rescale factor) {
  constexpr i64 kLimit = i64{1} << 30;
  const i32 total = 31 - factor.shift;
  const i64 product = i64{x} * factor.multiplier + (i64{1} << (total - 1));
  const i64 result = product >> total;
  return static_cast<i32>(result < -kLimit ? -kLimit : result > kLimit ? kLimit : result);
}

/// (x × multiplier + 2^(30 − shift)) >> (31 − shift) in 64 bits: x × multiplier × 2^(shift − 31), half
/// rounded towards +infinity; saturated to ±2^30. The single rounding of TensorFlow Lite's
/// TFLITE_SINGLE_ROUNDING.
constexpr i32 rescale(i32 x, format::Rescale factor) {
  // From 2^-2 down, which is nearly every layer, the low word of the product cannot reach the result and
  // nothing saturates: one 32 × 32 → high multiplication, an addition and a shift.
  if (factor.shift <= -2) {
    const i32 high = static_cast<i32>((i64{x} * factor.multiplier) >> 32);
    return (high + (1 << (-factor.shift - 2))) >> (-factor.shift - 1);
  }
  return rescale_wide(x, factor);
}

/// An accumulator as an int8 value of the output: clamp(zero_point + rescale(accumulator)).
constexpr i8 requantize(i32 accumulator, format::Rescale factor, i32 zero_point, format::Clamp clamp) {
  const i32 value = zero_point + rescale(accumulator, factor);
  const i32 low = clamp.low_i32(), high = clamp.high_i32();
  return static_cast<i8>(value < low ? low : value > high ? high : value);
}

/// The Rescale nearest to `factor` (≥ 0). Too small a factor becomes {0, 0}, too large a one the largest
/// Rescale. For the compiler; no kernel needs it.
inline format::Rescale rescale_of(f64 factor) {
  if (!(factor > 0)) return {0, 0};
  int exponent = 0;
  i64 mantissa = std::llround(std::frexp(factor, &exponent) * 2147483648.0);
  if (mantissa == i64{1} << 31) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent < -31) return {0, 0};
  if (exponent > 30) return {0x7FFFFFFF, 30};
  return {static_cast<i32>(mantissa), exponent};
}

/// x / scale rounded half to even, plus the zero point, saturated; NaN gives −128. Single precision
/// throughout: adding and taking away 1.5 × 2^23 leaves the nearest integer, rounded by IEEE's default mode,
/// on any float unit or library.
inline i8 quantize_value(f32 x, f32 scale, i32 zero_point) {
  constexpr f32 kBeyond = 1024;  // saturates with every zero point
  constexpr f32 kRound = 12582912.0f;
  f32 q = x / scale;
  if (!(q > -kBeyond)) q = -kBeyond;
  if (q > kBeyond) q = kBeyond;
  const i32 value = static_cast<i32>((q + kRound) - kRound) + zero_point;
  return static_cast<i8>(value < kInt8Min ? kInt8Min : value > kInt8Max ? kInt8Max : value);
}

}  // namespace pipit::nn
