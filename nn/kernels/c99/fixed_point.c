/* zero point + x * multiplier * 2^(shift - 31), half rounded up, within [low, high]. factor is {multiplier,
 * shift}. */
static int32_t rescale(int32_t x, const int32_t* factor) {
  const int32_t shift = factor[1];
  if (shift <= -2) {
    const int32_t high = (int32_t)(((int64_t)x * factor[0]) >> 32);
    return (high + (1 << (-shift - 2))) >> (-shift - 1);
  }
  const int64_t value = ((int64_t)x * factor[0] + ((int64_t)1 << (30 - shift))) >> (31 - shift);
  const int64_t limit = (int64_t)1 << 30;
  return (int32_t)(value < -limit ? -limit : value > limit ? limit : value);
}
static inline int8_t requantize(int32_t x, const int32_t* factor, int32_t zero, int32_t low, int32_t high) {
  return (int8_t)within(zero + rescale(x, factor), low, high);
}
