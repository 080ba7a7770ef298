/* 16-bit activations, their zero points 0, so that padding adds nothing. */
static void conv2d_wide(const window* s, const int16_t* x, const int8_t* w, const void* bias,
                        const int32_t* factors, int32_t low, int32_t high, int16_t* out) {
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox) {
        const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;
        const int32_t r0 = first_tap(top, s->dilation_h),
                      r1 = last_tap(top, s->dilation_h, s->kernel_h, s->in_h);
        const int32_t c0 = first_tap(left, s->dilation_w),
                      c1 = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);
        for (int32_t o = 0; o < s->out_c; ++o) {
          int64_t sum = bias_wide(bias, o);
          for (int32_t r = r0; r < r1; ++r)
            for (int32_t c = c0; c < c1; ++c)
              sum += dot_wide(x + ((top + r * s->dilation_h) * s->in_w + left + c * s->dilation_w) * s->in_c,
                              w + ((o * s->kernel_h + r) * s->kernel_w + c) * s->in_c, s->in_c);
          *out++ = (int16_t)within(rescale_wide(sum, factors + 2 * o), low, high);
        }
      }
}
