/* To the nearest whole number, halves to even; beyond +-1024 that, and NaN is -1024. A number so large that
 * it has no fraction is added to, which rounds so; the whole part is then in the lowest bits. */
static inline int32_t nearest_even(float x) {
  const float no_fraction = 12582912.0f;
  int32_t bits, base;
  if (!(x > -1024.0f)) x = -1024.0f;
  if (x > 1024.0f) x = 1024.0f;
  x += no_fraction;
  memcpy(&bits, &x, sizeof bits);
  memcpy(&base, &no_fraction, sizeof base);
  return bits - base;
}
static void dynamic_quantize(const float* x, const float* scales, int32_t rows, int32_t columns,
                             int8_t* out) {
  for (; rows > 0; --rows, scales += 2) {
    const float inverse = 1.0f / scales[0];
    const int32_t zero = row_zero(scales);
    for (int32_t i = 0; i < columns; ++i) {
      const int32_t value = nearest_even(*x++ * inverse) + zero;
      *out++ = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
  }
}
