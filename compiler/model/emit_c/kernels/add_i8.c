/* x * multiplier * 2^(shift - 31), half rounded up, of a factor below 1: nothing saturates. */
static inline int32_t rescale_below_one(int32_t x, const int32_t* factor) {
  return (int32_t)(((int64_t)x * factor[0] + ((int64_t)1 << (30 - factor[1]))) >> 31) >> -factor[1];
}
/* factors: of a, of b, of their sum. b repeats along a. */
static void add_i8(const int8_t* a, int32_t count, const int8_t* b, int32_t b_count, int32_t a_zero,
                   int32_t b_zero, const int32_t* factors, int32_t zero, int32_t low, int32_t high,
                   int8_t* out) {
  for (int32_t i = 0, j = 0; i < count; ++i, j = j + 1 == b_count ? 0 : j + 1)
    out[i] = requantize(rescale_below_one((a[i] - a_zero) * (1 << 20), factors) +
                            rescale_below_one((b[j] - b_zero) * (1 << 20), factors + 2),
                        factors + 4, zero, low, high);
}
