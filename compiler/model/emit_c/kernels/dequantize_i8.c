static void dequantize_i8(const int8_t* x, int32_t count, float scale, int32_t zero, float* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = scale * (float)(x[i] - zero);
}
