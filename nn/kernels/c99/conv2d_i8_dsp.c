/* Expanded windows meet every row of weights at once. */
static inline void copy_bytes(const int8_t* from, int32_t count, int8_t* to) {
  for (; count >= 4; count -= 4, from += 4, to += 4) {
    const uint32_t word = load_word(from);
    memcpy(to, &word, sizeof word);
  }
  for (; count > 0; --count) *to++ = *from++;
}

/* A window in the order of the weights, padding at the zero point; where it lies together already, in place.
 */
static const int8_t* gather_i8(const window* s, const int8_t* image, int32_t x_zero, int32_t oy, int32_t ox,
                               int8_t* bytes) {
  const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;
  const int32_t row_bytes = s->kernel_w * s->in_c, depth = s->kernel_h * row_bytes;
  const int8_t* corner = image + (top * s->in_w + left) * s->in_c;
  const int32_t r0 = first_tap(top, s->dilation_h), r1 = last_tap(top, s->dilation_h, s->kernel_h, s->in_h);
  const int32_t c0 = first_tap(left, s->dilation_w), c1 = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);
  const int whole = r0 == 0 && c0 == 0 && r1 == s->kernel_h && c1 == s->kernel_w;
  if (whole && depth == s->in_c) return corner;
  if (!whole) memset(bytes, x_zero, (size_t)depth);
  const int32_t taps = s->dilation_w == 1 && c1 > c0 ? c1 - c0 : 1;
  for (int32_t r = r0; r < r1; ++r)
    for (int32_t c = c0; c < c1; c += taps)
      copy_bytes(corner + (r * s->dilation_h * s->in_w + c * s->dilation_w) * s->in_c, taps * s->in_c,
                 bytes + r * row_bytes + c * s->in_c);
  return bytes;
}

/* Sums of one channel to four places `step` apart, by any factor and within any bounds. */
static __attribute__((noinline)) void store_any(int32_t s0, int32_t s1, int32_t s2, int32_t s3,
                                                const int32_t* factor, const out_range* range, int8_t* out,
                                                int32_t step) {
  const int32_t sums[4] = {s0, s1, s2, s3};
  for (int32_t i = 0; i < 4; ++i, out += step)
    *out = requantize(sums[i], factor, range->zero, range->low, range->high);
}
/* The same, the usual case at hand. */
static inline __attribute__((always_inline)) void store_four(four_sums sums, const int32_t* factor,
                                                             const out_range* range, int8_t* out,
                                                             int32_t step) {
  if (!is_narrow(factor, range)) {
    store_any(sums.s0, sums.s1, sums.s2, sums.s3, factor, range, out, step);
    return;
  }
  const narrow_factor by = narrow(factor, range->zero);
  *out = narrowed(sums.s0, by);
  out += step;
  *out = narrowed(sums.s1, by);
  out += step;
  *out = narrowed(sums.s2, by);
  out[step] = narrowed(sums.s3, by);
}
/* All output channels of four expanded pixels. The pixels are filled up to whole groups with zeros: every row
 * of weights but the last may be read beyond its end. */
static __attribute__((noinline)) void conv2d_four_pixels(const int8_t* patch, int32_t depth, const int8_t* w,
                                                         const int32_t* bias, const int32_t* factors,
                                                         int32_t channels, const out_range* range,
                                                         int8_t* out) {
  const int32_t groups = (depth + 3) / 4, rest = depth % 4;
  const int8_t* const end = out + channels - (rest > 0 ? 1 : 0);
  for (; out != end; ++out, factors += 2, w += depth) {
    const int32_t start = *bias++;
    const four_sums sums = {start, start, start, start};
    store_four(dot_four_pixels(patch, w, groups, sums), factors, range, out, channels);
  }
  if (rest == 0) return;
  four_sums sums = {*bias, *bias, *bias, *bias};
  if (depth > rest) sums = dot_four_pixels(patch, w, groups - 1, sums);
  sums = add_four_pixels(patch + (groups - 1) * 4 * EXPANDED_GROUP_BYTES, load_bytes(w + depth - rest, rest),
                         sums);
  store_four(sums, factors, range, out, channels);
}

/* The same of two pixels, two channels at a time. */
static __attribute__((noinline)) void conv2d_two_pixels(const int8_t* patch, int32_t depth, const int8_t* w,
                                                        const int32_t* bias, const int32_t* factors,
                                                        int32_t channels, const out_range* range,
                                                        int8_t* out) {
  const int32_t groups = depth / 4, rest = depth % 4;
  for (int32_t left = channels; left > 0; left -= 2, bias += 2, factors += 4, w += 2 * depth, out += 2) {
    const int32_t second = left > 1 ? 1 : 0; /* an odd last channel is computed twice */
    const int8_t* const w1 = w + second * depth;
    four_sums sums = {bias[0], bias[0], bias[second], bias[second]};
    if (groups > 0) sums = dot_two_by_two(patch, w, w1, groups, sums);
    if (rest > 0)
      sums = add_two_by_two(patch + groups * 2 * EXPANDED_GROUP_BYTES, load_bytes(w + 4 * groups, rest),
                            load_bytes(w1 + 4 * groups, rest), sums);
    out[0] = stored(sums.s0, factors, range);
    out[channels] = stored(sums.s1, factors, range);
    out[second] = stored(sums.s2, factors + 2 * second, range);
    out[channels + second] = stored(sums.s3, factors + 2 * second, range);
  }
}

static void conv2d_i8(const window* s, const int8_t* x, int32_t x_zero, const int8_t* w, const int32_t* bias,
                      const int32_t* factors, int32_t zero, int32_t low, int32_t high, int8_t* patch,
                      int8_t* out) {
  const out_range range = range_of(zero, low, high);
  const int32_t depth = s->kernel_h * s->kernel_w * s->in_c, channels = s->out_c;
  const int32_t pixels = conv2d_pixels(depth), step = pixels * EXPANDED_GROUP_BYTES;
  int8_t* const bytes = pixels > 1 ? patch + (depth + 3) / 4 * step : patch;
  int32_t left = s->images * s->out_h * s->out_w, held = 0;
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox) {
        const int8_t* from = gather_i8(s, x, x_zero, oy, ox, bytes);
        if (pixels == 1 || left < pixels) { /* held is 0: too few are left */
          layer_i8(from, depth, w, bias, factors, channels, &range, out);
          --left;
          out += channels;
          continue;
        }
        expand_i8(from, depth, patch + held * EXPANDED_GROUP_BYTES, step);
        if (++held < pixels) continue;
        (pixels == 4 ? conv2d_four_pixels : conv2d_two_pixels)(patch, depth, w, bias, factors, channels,
                                                               &range, out);
        out += pixels * channels;
        left -= pixels;
        held = 0;
      }
}
