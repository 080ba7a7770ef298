#define MAX_POOL(name, type)                                                                                 \
  static void name(const window* s, const type* x, type low, type high, type* out) {                         \
    for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)                    \
      for (int32_t oy = 0; oy < s->out_h; ++oy)                                                              \
        for (int32_t ox = 0; ox < s->out_w; ++ox) {                                                          \
          const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;          \
          const int32_t r0 = first_tap(top, s->dilation_h), c0 = first_tap(left, s->dilation_w);             \
          const int32_t r1 = last_tap(top, s->dilation_h, s->kernel_h, s->in_h);                             \
          const int32_t c1 = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);                            \
          for (int32_t o = 0; o < s->in_c; ++o) {                                                            \
            type best = x[((top + r0 * s->dilation_h) * s->in_w + left + c0 * s->dilation_w) * s->in_c + o]; \
            for (int32_t r = r0; r < r1; ++r)                                                                \
              for (int32_t c = c0; c < c1; ++c) {                                                            \
                const type value =                                                                           \
                    x[((top + r * s->dilation_h) * s->in_w + left + c * s->dilation_w) * s->in_c + o];       \
                if (value > best) best = value;                                                              \
              }                                                                                              \
            *out++ = best < low ? low : best > high ? high : best;                                           \
          }                                                                                                  \
        }                                                                                                    \
  }
