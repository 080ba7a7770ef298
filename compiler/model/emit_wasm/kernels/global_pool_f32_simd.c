static void global_average_pool_f32_simd(const float* x, int32_t images, int32_t pixels, int32_t channels,
                                         float low, float high, float* out) {
  for (; images > 0; --images, x += pixels * channels, out += channels)
    for (int32_t first = 0; first < channels; first += sum_group) {
      float sums[sum_group];
      const int32_t group = least(sum_group, channels - first);
      for (int32_t o = 0; o < group; ++o) sums[o] = 0;
      for (int32_t p = 0; p < pixels; ++p) add_pixel_f32(x + p * channels + first, group, sums);
      for (int32_t o = 0; o < group; ++o) out[first + o] = bounded(sums[o] / (float)pixels, low, high);
    }
}
