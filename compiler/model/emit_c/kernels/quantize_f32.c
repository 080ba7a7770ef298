static void quantize_f32(const float* x, int32_t count, float scale, int32_t zero, int8_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = quantize_value(x[i], scale, zero);
}
