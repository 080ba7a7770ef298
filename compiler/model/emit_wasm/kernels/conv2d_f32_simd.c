/* The window's `channels` from channel `channel` on. `rows` holds the windows of `strip` pixels, padding as
 * zeros; unused where the image itself is the matrix. */
static void gather_f32(const window* s, const float* x, int32_t channel, int32_t channels, int32_t pixel,
                       float* to) {
  const position at = position_of(s, pixel);
  const int32_t run = s->kernel_w * channels;
  const int32_t c0 = first_tap(at.x, s->dilation_w), c1 = last_tap(at.x, s->dilation_w, s->kernel_w, s->in_w);
  const int32_t r0 = first_tap(at.y, s->dilation_h), r1 = last_tap(at.y, s->dilation_h, s->kernel_h, s->in_h);
  if (r1 - r0 < s->kernel_h || c1 - c0 < s->kernel_w)
    memset(to, 0, (size_t)(s->kernel_h * run) * sizeof(float));
  if (c0 >= c1) return;
  for (int32_t r = r0; r < r1; ++r) {
    const float* row = x + ((at.y + r * s->dilation_h) * s->in_w + at.x) * s->in_c + channel;
    if (s->dilation_w == 1 && channels == s->in_c)
      memcpy(to + r * run + c0 * channels, row + c0 * channels,
             (size_t)((c1 - c0) * channels) * sizeof(float));
    else
      for (int32_t c = c0; c < c1; ++c)
        memcpy(to + r * run + c * channels, row + c * s->dilation_w * s->in_c,
               (size_t)channels * sizeof(float));
  }
}

/* Panels of all groups, one group after the other. */
static void conv2d_f32_simd(const window* s, const float* x, int32_t groups, const float* panels, float low,
                            float high, int32_t strip, float* rows, float* out) {
  const int32_t channels = s->in_c / groups, outputs = s->out_c / groups;
  const int32_t pixels = s->out_h * s->out_w, depth = s->kernel_h * s->kernel_w * channels;
  const int32_t group_step = (outputs + 7) / 8 * (8 + 8 * depth);
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t first = 0; first < pixels; first += strip) {
      const int32_t count = least(strip, pixels - first);
      for (int32_t g = 0; g < groups; ++g) {
        const float* from = rows;
        int32_t step = depth;
        if (is_matrix(s)) {
          from = x + first * s->in_c + g * channels;
          step = s->in_c;
        } else {
          for (int32_t p = 0; p < count; ++p)
            gather_f32(s, x, g * channels, channels, first + p, rows + p * depth);
        }
        gemm_f32(from, step, count, depth, panels + g * group_step, outputs, low, high, out + g * outputs,
                 s->out_c);
      }
      out += count * s->out_c;
    }
}
