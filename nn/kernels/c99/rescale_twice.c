/* x / 2^bits, half rounded away from zero. */
static inline int32_t rounded_shift(int32_t x, int32_t bits) {
  const int32_t mask = (int32_t)(((int64_t)1 << bits) - 1);
  return (x >> bits) + ((x & mask) > (mask >> 1) + (x < 0 ? 1 : 0) ? 1 : 0);
}
/* x * multiplier * 2^(shift - 31) as TensorFlow Lite rounds it: a doubling high multiplication rounds half
 * up, then a shift half away from zero. factor is {multiplier, shift}. */
static inline int32_t rescale_twice(int32_t x, const int32_t* factor) {
  const int64_t most = 2147483647, least_value = -most - 1;
  const int32_t shift = factor[1];
  const int64_t wide = shift > 0 ? (int64_t)x * ((int64_t)1 << shift) : x;
  const int64_t left = wide < least_value ? least_value : wide > most ? most : wide;
  const int64_t product = left * factor[0];
  const int64_t high =
      (product + (product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30))) / ((int64_t)1 << 31);
  return rounded_shift((int32_t)(high > most ? most : high), shift > 0 ? 0 : -shift);
}
