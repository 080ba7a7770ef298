/* The input's row or column that reaches output `at` through a tap; -1 where the stride leaves it out. */
static inline int32_t met_by(int32_t at, int32_t pad, int32_t tap, int32_t stride, int32_t size) {
  const int32_t place = at + pad - tap;
  return place < 0 || place % stride != 0 || place / stride >= size ? -1 : place / stride;
}
/* Input (y, x) adds to outputs (y * stride + row - pad, ...); what falls off the output is dropped. */
static void transpose_conv2d_wide(const window* s, const int16_t* x, const int8_t* w, const void* bias,
                                  const int32_t* factors, int32_t low, int32_t high, int16_t* out) {
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox)
        for (int32_t o = 0; o < s->out_c; ++o) {
          int64_t sum = bias_wide(bias, o);
          for (int32_t r = 0; r < s->kernel_h; ++r) {
            const int32_t iy = met_by(oy, s->pad_top, r, s->stride_h, s->in_h);
            if (iy < 0) continue;
            for (int32_t c = 0; c < s->kernel_w; ++c) {
              const int32_t ix = met_by(ox, s->pad_left, c, s->stride_w, s->in_w);
              if (ix < 0) continue;
              sum += dot_wide(x + (iy * s->in_w + ix) * s->in_c,
                              w + ((o * s->kernel_h + r) * s->kernel_w + c) * s->in_c, s->in_c);
            }
          }
          *out++ = (int16_t)within(rescale_wide(sum, factors + 2 * o), low, high);
        }
}
