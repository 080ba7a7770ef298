static void global_average_pool_f32(const float* x, int32_t images, int32_t pixels, int32_t channels,
                                    float low, float high, float* out) {
  for (; images > 0; --images, x += pixels * channels)
    for (int32_t c = 0; c < channels; ++c) {
      float sum = 0;
      for (int32_t p = 0; p < pixels; ++p) sum += x[p * channels + c];
      *out++ = bounded(sum / (float)pixels, low, high);
    }
}
