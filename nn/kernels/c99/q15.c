/* Sigmoid and hyperbolic tangent of 16-bit fixed-point numbers as TensorFlow Lite's int16 gates have them
 * (gemmlowp): an exponential by a polynomial on (-1/4, 0] and constants for the remaining bits, then three
 * steps of Newton's method for the quotient. Results are Q0.15. */
static inline int16_t q15_saturated(int32_t x) {
  return (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
}
/* a * b * 2^-15, half rounded away from zero; operands with i and j integer bits make a product with i + j.
 */
static inline int16_t q15_times(int16_t a, int16_t b) {
  if (a == -32768 && b == -32768) return 32767;
  const int32_t product = (int32_t)a * b;
  return (int16_t)((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}
/* Sums that wrap, as those of the machine do. */
static inline int16_t q15_plus(int16_t a, int16_t b) {
  return (int16_t)(uint16_t)((uint16_t)a + (uint16_t)b);
}
static inline int16_t q15_minus(int16_t a, int16_t b) {
  return (int16_t)(uint16_t)((uint16_t)a - (uint16_t)b);
}
/* x * 2^bits, saturated; the way to a format with fewer integer bits. */
static inline int16_t q15_shifted_up(int16_t x, int32_t bits) {
  return q15_saturated((int32_t)x * (1 << bits));
}
/* x / 2^bits, half rounded away from zero. */
static inline int16_t q15_shifted_down(int16_t x, int32_t bits) {
  const int32_t mask = (1 << bits) - 1, threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (int16_t)((x >> bits) + ((x & mask) > threshold ? 1 : 0));
}

/* e^a of a in [-1/4, 0), Q0.15: Taylor's polynomial of degree four around -1/8, where e^-1/8 is 28918. */
static inline int16_t q15_exp_of_quarter(int16_t a) {
  const int16_t x = q15_plus(a, 4096), x2 = q15_times(x, x), x3 = q15_times(x2, x), x4 = q15_times(x2, x2);
  const int16_t third = 10923;
  const int16_t inner = q15_plus(q15_times(q15_plus(q15_shifted_down(x4, 2), x3), third), x2);
  return q15_saturated(28918 + q15_times(28918, q15_plus(x, q15_shifted_down(inner, 1))));
}

/* e^a of a <= 0 with `integer_bits`, Q0.15. */
static inline int16_t q15_exp_of_negative(int16_t a, int32_t integer_bits) {
  /* e^-2^k, k from -2 to 4. */
  static const int16_t powers[7] = {25520, 19875, 12055, 4435, 600, 11, 0};
  if (a == 0) return 32767;
  const int32_t fraction_bits = 15 - integer_bits;
  const int16_t quarter = (int16_t)(1 << (fraction_bits - 2));
  const int16_t within_quarter = q15_minus((int16_t)(a & (quarter - 1)), quarter);
  int16_t result = q15_exp_of_quarter(q15_shifted_up(within_quarter, integer_bits));
  const uint16_t rest = (uint16_t)q15_minus(within_quarter, a);
  for (int32_t power = -2; power <= 4 && power < integer_bits; ++power)
    if ((rest >> (fraction_bits + power) & 1) != 0) result = q15_times(result, powers[power + 2]);
  /* e^-32 is nothing in 15 bits. */
  if (integer_bits > 5 && a < -(1 << (fraction_bits + 5))) return 0;
  return result;
}

/* 2 / (1 + a) in Q2.13, a in Q0.15 within [0, 1): Newton's method from 48/17 - 32/17 * (1 + a) / 2. */
static inline int16_t q15_twice_inverse_of_one_plus(int16_t a) {
  const int16_t half = (int16_t)(((int32_t)a + 32768) / 2);
  int16_t x = q15_plus(23130, q15_times(half, -15420));
  for (int32_t step = 0; step < 3; ++step)
    x = q15_plus(x, q15_shifted_up(q15_times(x, q15_minus(8192, q15_times(half, x))), 2));
  return x;
}

/* 1 / (1 + e^-x), x in Q3.12. */
static inline int16_t q15_sigmoid(int16_t x) {
  if (x == 0) return 1 << 14;
  const int16_t negative = x > 0 ? q15_minus(0, x) : x;
  const int16_t positive = q15_shifted_up(q15_twice_inverse_of_one_plus(q15_exp_of_negative(negative, 3)), 1);
  return x > 0 ? positive : q15_minus(32767, positive);
}
/* tanh x, x with `integer_bits` (0 to 6) before the point: 2 / (1 + e^-2|x|) - 1. */
static inline int16_t q15_tanh(int16_t x, int32_t integer_bits) {
  if (x == 0) return 0;
  const int16_t negative = x < 0 ? x : q15_minus(0, x);
  const int16_t exponential = q15_exp_of_negative(negative, integer_bits + 1);
  const int16_t positive = q15_shifted_up(q15_minus(q15_twice_inverse_of_one_plus(exponential), 8192), 2);
  return x < 0 ? q15_minus(0, positive) : positive;
}
