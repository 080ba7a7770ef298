/* Sums tap by tap over the window's part on the image. */
static void conv2d_f32(const window* s, const float* x, const float* w, const float* bias, float low,
                       float high, float* out) {
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox) {
        const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;
        const int32_t r1 = last_tap(top, s->dilation_h, s->kernel_h, s->in_h);
        const int32_t c0 = first_tap(left, s->dilation_w),
                      c1 = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);
        for (int32_t o = 0; o < s->out_c; ++o) {
          float sum = bias[o];
          for (int32_t r = first_tap(top, s->dilation_h); r < r1; ++r)
            for (int32_t c = c0; c < c1; ++c)
              sum = dot_f32(x + ((top + r * s->dilation_h) * s->in_w + left + c * s->dilation_w) * s->in_c,
                            w + ((o * s->kernel_h + r) * s->kernel_w + c) * s->in_c, s->in_c, sum);
          *out++ = bounded(sum, low, high);
        }
      }
}
