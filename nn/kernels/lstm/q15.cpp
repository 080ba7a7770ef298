#include "nn/kernels/lstm/q15.h"

namespace pipit::nn::q15 {
namespace {

constexpr i32 kOne = 32767;  // of Q0.15

i16 saturated(i32 value) { return static_cast<i16>(value < -32768 ? -32768 : value > kOne ? kOne : value); }

/// a × b × 2^-15, half rounded away from zero; operands with i and j integer bits make a product with i + j.
i16 times(i16 a, i16 b) {
  if (a == -32768 && b == -32768) return kOne;
  const i32 product = i32{a} * b;
  return static_cast<i16>((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/// Sums that wrap, as those of the machine do.
i16 plus(i16 a, i16 b) {
  return static_cast<i16>(static_cast<u16>(static_cast<u16>(a) + static_cast<u16>(b)));
}
i16 minus(i16 a, i16 b) {
  return static_cast<i16>(static_cast<u16>(static_cast<u16>(a) - static_cast<u16>(b)));
}

/// x × 2^bits, saturated; the way to a format with fewer integer bits.
i16 shifted_up(i16 x, u32 bits) { return saturated(i32{x} * (1 << bits)); }

/// x / 2^bits, half rounded away from zero.
i16 shifted_down(i16 x, u32 bits) {
  const i32 mask = (1 << bits) - 1, remainder = x & mask, threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return static_cast<i16>((x >> bits) + (remainder > threshold ? 1 : 0));
}

/// e^a of a in [−1/4, 0), Q0.15: Taylor's polynomial of degree four around −1/8.
i16 exp_of_quarter(i16 a) {
  constexpr i16 kEighth = 4096, kExpOfMinusEighth = 28918, kThird = 10923;
  const i16 x = plus(a, kEighth), x2 = times(x, x), x3 = times(x2, x), x4 = times(x2, x2);
  const i16 inner = plus(times(plus(shifted_down(x4, 2), x3), kThird), x2);
  return saturated(kExpOfMinusEighth + times(kExpOfMinusEighth, plus(x, shifted_down(inner, 1))));
}

/// e^a of a ≤ 0 with `integer_bits`, Q0.15.
i16 exp_of_negative(i16 a, u32 integer_bits) {
  // e^−2^k, k from −2 to 4.
  constexpr i16 kPowers[] = {25520, 19875, 12055, 4435, 600, 11, 0};
  if (a == 0) return kOne;
  const u32 fraction_bits = 15 - integer_bits;
  // With no integer bits a quarter has its place in the same format.
  const i16 quarter = static_cast<i16>(1 << (fraction_bits - 2));
  const i16 within = minus(static_cast<i16>(a & (quarter - 1)), quarter);
  i16 result = exp_of_quarter(shifted_up(within, integer_bits));
  const u16 rest = static_cast<u16>(minus(within, a));
  for (i32 power = -2; power <= 4 && power < static_cast<i32>(integer_bits); ++power)
    if ((rest >> (static_cast<i32>(fraction_bits) + power) & 1) != 0)
      result = times(result, kPowers[power + 2]);
  // e^−32 is nothing in 15 bits.
  if (integer_bits > 5 && a < -(1 << (fraction_bits + 5))) return 0;
  return result;
}

/// 2 / (1 + a) in Q2.13, a in Q0.15 within [0, 1): Newton's method from 48/17 − 32/17 × (1 + a) / 2.
i16 twice_inverse_of_one_plus(i16 a) {
  constexpr i16 k48By17 = 23130, kMinus32By17 = -15420, kOneQ2 = 8192;
  const i16 half = static_cast<i16>((i32{a} + kOne + 1) / 2);  // (1 + a) / 2
  i16 x = plus(k48By17, times(half, kMinus32By17));
  for (u32 step = 0; step < 3; ++step) {
    const i16 error = minus(kOneQ2, times(half, x));
    x = plus(x, shifted_up(times(x, error), 2));  // Q4.11 to Q2.13
  }
  return x;
}

}  // namespace

i16 sigmoid(i16 x) {
  if (x == 0) return 1 << 14;
  const i16 negative = x > 0 ? minus(0, x) : x;
  // 1 / (1 + e^−|x|): half of the above, so one integer bit fewer.
  const i16 positive = shifted_up(twice_inverse_of_one_plus(exp_of_negative(negative, 3)), 1);
  return x > 0 ? positive : minus(kOne, positive);
}

i16 tanh(i16 x, u32 integer_bits) {
  constexpr i16 kOneQ2 = 8192;
  if (x == 0) return 0;
  const i16 negative = x < 0 ? x : minus(0, x);
  // (1 − e^−2|x|) / (1 + e^−2|x|) = 2 / (1 + e^−2|x|) − 1; twice x has one integer bit more.
  const i16 exponential = exp_of_negative(negative, integer_bits + 1);
  const i16 positive = shifted_up(minus(twice_inverse_of_one_plus(exponential), kOneQ2), 2);
  return x < 0 ? minus(0, positive) : positive;
}

}  // namespace pipit::nn::q15
