static void clamp_i8(const int8_t* x, int32_t count, int32_t low, int32_t high, int8_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = (int8_t)within(x[i], low, high);
}
