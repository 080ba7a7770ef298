static void global_average_pool_i8_simd(const int8_t* x, int32_t images, int32_t pixels, int32_t channels,
                                        int32_t x_zero, const int32_t* factor, int32_t zero, int32_t low,
                                        int32_t high, int8_t* out) {
  for (; images > 0; --images, x += pixels * channels, out += channels)
    for (int32_t first = 0; first < channels; first += sum_group) {
      int32_t sums[sum_group];
      const int32_t group = least(sum_group, channels - first);
      for (int32_t o = 0; o < group; ++o) sums[o] = -x_zero * pixels;
      for (int32_t p = 0; p < pixels; ++p) add_pixel_i8(x + p * channels + first, group, sums);
      for (int32_t o = 0; o < group; ++o) out[first + o] = requantize(sums[o], factor, zero, low, high);
    }
}
