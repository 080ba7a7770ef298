static void global_average_pool_i8(const int8_t* x, int32_t images, int32_t pixels, int32_t channels,
                                   int32_t x_zero, const int32_t* factor, int32_t zero, int32_t low,
                                   int32_t high, int8_t* out) {
  for (; images > 0; --images, x += pixels * channels)
    for (int32_t c = 0; c < channels; ++c) {
      int32_t sum = -x_zero * pixels;
      for (int32_t p = 0; p < pixels; ++p) sum += x[p * channels + c];
      *out++ = requantize(sum, factor, zero, low, high);
    }
}
