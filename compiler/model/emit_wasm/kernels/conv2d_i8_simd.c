/* The window's `channels` from channel `channel` on, padding at the input's zero point; yields w_zero times
 * its sum. */
static int32_t gather_i8(const window* s, const int8_t* x, int32_t channel, int32_t channels, int32_t x_zero,
                         int32_t w_zero, int32_t pixel, int16_t* to) {
  const position at = position_of(s, pixel);
  const int32_t run = s->kernel_w * channels, depth = s->kernel_h * run;
  const int32_t c0 = first_tap(at.x, s->dilation_w), c1 = last_tap(at.x, s->dilation_w, s->kernel_w, s->in_w);
  const int32_t r0 = first_tap(at.y, s->dilation_h), r1 = last_tap(at.y, s->dilation_h, s->kernel_h, s->in_h);
  int32_t inside = r1 > r0 && c1 > c0 ? (r1 - r0) * (c1 - c0) * channels : 0;
  if (inside < depth)
    for (int32_t k = 0; k < depth; ++k) to[k] = (int16_t)x_zero;
  int32_t correction = (depth - inside) * x_zero * w_zero;
  if (inside == 0) return correction;
  const int is_run = s->dilation_w == 1 && channels == s->in_c;
  const int32_t length = is_run ? (c1 - c0) * channels : channels, runs = is_run ? c0 + 1 : c1;
  for (int32_t r = r0; r < r1; ++r) {
    const int8_t* row = x + ((at.y + r * s->dilation_h) * s->in_w + at.x) * s->in_c + channel;
    for (int32_t c = c0; c < runs; ++c)
      correction += widen(row + c * s->dilation_w * s->in_c, length, w_zero, to + r * run + c * channels);
  }
  return correction;
}

/* Panels of all groups, one group after the other. `corrections` and `rows` are of `strip` pixels of one. */
static void conv2d_i8_simd(const window* s, const int8_t* x, int32_t x_zero, int32_t w_zero, int32_t groups,
                           const int8_t* panels, int32_t zero, int32_t low, int32_t high, int32_t strip,
                           int32_t* corrections, int8_t* out) {
  const int32_t channels = s->in_c / groups, outputs = s->out_c / groups;
  const int32_t pixels = s->out_h * s->out_w, depth = s->kernel_h * s->kernel_w * channels,
                step = row_step(depth);
  const int32_t group_step = (outputs + 7) / 8 * ((int32_t)sizeof(block_i8) + (depth + 1) / 2 * 16);
  int16_t* rows = (int16_t*)(corrections + strip);
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t first = 0; first < pixels; first += strip) {
      const int32_t count = least(strip, pixels - first);
      for (int32_t g = 0; g < groups; ++g) {
        const int32_t channel = g * channels;
        for (int32_t p = 0; p < count; ++p)
          corrections[p] =
              is_matrix(s) ? widen(x + (first + p) * s->in_c + channel, channels, w_zero, rows + p * step)
                           : gather_i8(s, x, channel, channels, x_zero, w_zero, first + p, rows + p * step);
        gemm_i8(rows, step, corrections, count, depth, panels + g * group_step, outputs, zero, low, high,
                out + g * outputs, s->out_c);
      }
      out += count * s->out_c;
    }
}
