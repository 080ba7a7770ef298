/* `rows` holds the windows of `strip` pixels, padding as zeros; unused where the image itself is the matrix.
 */
static void gather_f32(const window* s, const float* x, int32_t pixel, float* to) {
  const position at = position_of(s, pixel);
  const int32_t run = s->kernel_w * s->in_c;
  const int32_t c0 = first_tap(at.x, s->dilation_w), c1 = last_tap(at.x, s->dilation_w, s->kernel_w, s->in_w);
  const int32_t r0 = first_tap(at.y, s->dilation_h), r1 = last_tap(at.y, s->dilation_h, s->kernel_h, s->in_h);
  if (r1 - r0 < s->kernel_h || c1 - c0 < s->kernel_w)
    memset(to, 0, (size_t)(s->kernel_h * run) * sizeof(float));
  if (c0 >= c1) return;
  for (int32_t r = r0; r < r1; ++r) {
    const float* row = x + ((at.y + r * s->dilation_h) * s->in_w + at.x) * s->in_c;
    if (s->dilation_w == 1)
      memcpy(to + r * run + c0 * s->in_c, row + c0 * s->in_c, (size_t)((c1 - c0) * s->in_c) * sizeof(float));
    else
      for (int32_t c = c0; c < c1; ++c)
        memcpy(to + r * run + c * s->in_c, row + c * s->dilation_w * s->in_c,
               (size_t)s->in_c * sizeof(float));
  }
}

static void conv2d_f32_simd(const window* s, const float* x, const float* panels, float low, float high,
                            int32_t strip, float* rows, float* out) {
  const int32_t pixels = s->out_h * s->out_w, depth = s->kernel_h * s->kernel_w * s->in_c;
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t first = 0; first < pixels; first += strip) {
      const int32_t count = least(strip, pixels - first);
      const float* from = rows;
      if (is_matrix(s))
        from = x + first * depth;
      else
        for (int32_t p = 0; p < count; ++p) gather_f32(s, x, first + p, rows + p * depth);
      gemm_f32(from, count, depth, panels, s->out_c, low, high, out);
      out += count * s->out_c;
    }
}
