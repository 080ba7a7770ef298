/* Weights with a zero point. Padding is the input's zero point. */
static void conv2d_asymmetric_i8(const window* s, const int8_t* x, int32_t x_zero, int32_t w_zero,
                                 const int8_t* w, const int32_t* bias, const int32_t* factors, int32_t zero,
                                 int32_t low, int32_t high, int8_t* out) {
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox) {
        const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;
        const int32_t r0 = first_tap(top, s->dilation_h),
                      r1 = last_tap(top, s->dilation_h, s->kernel_h, s->in_h);
        const int32_t c0 = first_tap(left, s->dilation_w),
                      c1 = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);
        const int8_t* weight = w;
        for (int32_t o = 0; o < s->out_c; ++o) {
          int32_t sum = bias[o];
          for (int32_t r = 0; r < s->kernel_h; ++r)
            for (int32_t c = 0; c < s->kernel_w; ++c, weight += s->in_c) {
              if (r < r0 || r >= r1 || c < c0 || c >= c1) {
                for (int32_t k = 0; k < s->in_c; ++k) sum += x_zero * (weight[k] - w_zero);
                continue;
              }
              const int8_t* pixel =
                  x + ((top + r * s->dilation_h) * s->in_w + left + c * s->dilation_w) * s->in_c;
              for (int32_t k = 0; k < s->in_c; ++k) sum += pixel[k] * (weight[k] - w_zero);
            }
          *out++ = requantize(sum, factors + 2 * o, zero, low, high);
        }
      }
}
