static void requantize_i8(const int8_t* x, int32_t count, int32_t x_zero, const int32_t* factor, int32_t zero,
                          int32_t low, int32_t high, int8_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = requantize(x[i] - x_zero, factor, zero, low, high);
}
