static void clamp_f32(const float* x, int32_t count, float low, float high, float* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = bounded(x[i], low, high);
}
