static void mul_i8(const int8_t* a, int32_t count, const int8_t* b, int32_t b_count, int32_t a_zero,
                   int32_t b_zero, const int32_t* factor, int32_t zero, int32_t low, int32_t high,
                   int8_t* out) {
  for (int32_t i = 0, j = 0; i < count; ++i, j = j + 1 == b_count ? 0 : j + 1)
    out[i] = requantize((a[i] - a_zero) * (b[j] - b_zero), factor, zero, low, high);
}
