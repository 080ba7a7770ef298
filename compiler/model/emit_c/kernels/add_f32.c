static void add_f32(const float* a, int32_t count, const float* b, int32_t b_count, float low, float high,
                    float* out) {
  for (int32_t i = 0, j = 0; i < count; ++i, j = j + 1 == b_count ? 0 : j + 1)
    out[i] = bounded(a[i] + b[j], low, high);
}
