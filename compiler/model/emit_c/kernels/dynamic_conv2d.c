/* A depthwise layer reads input channel o / (out_c / in_c) for output channel o, with weights
 * [kernel][out_c]; any other all of them, with weights [out_c][kernel][in_c]. Taps in the padding are real
 * zeros. */
static void dynamic_conv2d(const window* s, int depthwise, const int8_t* x, const float* rows,
                           const int8_t* w, const float* w_scales, const float* bias, float low, float high,
                           float* out) {
  const int32_t depth = depthwise ? 1 : s->in_c, multiplier = s->out_c / s->in_c;
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c, rows += 2)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox)
        for (int32_t o = 0; o < s->out_c; ++o) {
          const int32_t zero = row_zero(rows);
          const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;
          const int32_t r1 = last_tap(top, s->dilation_h, s->kernel_h, s->in_h);
          const int32_t c1 = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);
          int32_t sum = 0;
          for (int32_t r = first_tap(top, s->dilation_h); r < r1; ++r)
            for (int32_t c = first_tap(left, s->dilation_w); c < c1; ++c) {
              const int32_t at = (top + r * s->dilation_h) * s->in_w + left + c * s->dilation_w;
              const int32_t tap = r * s->kernel_w + c;
              const int8_t* from = x + at * s->in_c + (depthwise ? o / multiplier : 0);
              const int8_t* weight =
                  w + (depthwise ? tap * s->out_c + o : (o * s->kernel_h * s->kernel_w + tap) * depth);
              for (int32_t i = 0; i < depth; ++i) sum += (from[i] - zero) * weight[i];
            }
          const float real = (float)sum * w_scales[o] * rows[0];
          *out++ = bounded(real + bias[o], low, high);
        }
}
