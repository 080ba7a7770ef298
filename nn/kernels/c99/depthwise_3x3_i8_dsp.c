/* 3 x 3 depthwise convolution of four channels at a time. Three rows of the image at a time lie "planar" in
 * `lines`: each channel's values beside one another as halves, padding at the zero point, so that SMLAD takes
 * two taps of one channel. A line is reused by the rows of output below: it stays in its slot, row modulo 3,
 * and the weights turn instead. */
/* Weights 0 and 1 of a row as halves, and 1 and 2. */
typedef struct {
  uint32_t w01, w12;
} tap_row;

/* Of four channels, the rows of each twice: from any of the first three on they are in turn. */
static void expand_taps(const int8_t* w, int32_t channels, tap_row* to) {
  for (int32_t channel = 0; channel < 4; ++channel, ++w)
    for (int32_t row = 0; row < 6; ++row, ++to) {
      const int8_t* at = w + row % 3 * 3 * channels;
      to->w01 = pkhbt((uint32_t)at[0], (uint32_t)at[channels]);
      to->w12 = pkhbt((uint32_t)at[channels], (uint32_t)at[2 * channels]);
    }
}

static inline void store_half(int8_t* to, uint32_t half) {
  const uint16_t value = (uint16_t)half;
  memcpy(to, &value, sizeof value);
}
static inline void store_word(int8_t* to, uint32_t word) { memcpy(to, &word, sizeof word); }

static void fill_line(int8_t* line, int32_t columns, uint32_t halves) {
  for (; columns > 0; columns -= 2, line += 4)
    for (int32_t plane = 0; plane < 4; ++plane) store_word(line + plane * PLANE_BYTES, halves);
}

/* Four channels of `columns` pixels, `step` bytes apart, into one line of every plane. */
static void spread_pixels(const int8_t* from, int32_t columns, int32_t step, int8_t* line) {
  for (; columns >= 2; columns -= 2, from += 2 * step, line += 4) {
    const uint32_t left = load_word(from), right = load_word(from + step);
    const uint32_t left02 = sxtb16(left), left13 = sxtb16_ror8(left);
    const uint32_t right02 = sxtb16(right), right13 = sxtb16_ror8(right);
    store_word(line, pkhbt(left02, right02));
    store_word(line + PLANE_BYTES, pkhbt(left13, right13));
    store_word(line + 2 * PLANE_BYTES, pkhtb(left02, right02));
    store_word(line + 3 * PLANE_BYTES, pkhtb(left13, right13));
  }
  if (columns > 0)
    for (int32_t plane = 0; plane < 4; ++plane) store_half(line + plane * PLANE_BYTES, (uint32_t)from[plane]);
}

/* Row `y` of the image, its columns from `left` on, either in the padding or not. */
static void load_line(const window* s, const int8_t* image, uint32_t padding, int32_t y, int32_t left,
                      int32_t columns, int8_t* line) {
  const int32_t before = left < 0 ? -left : 0, end = least(columns, s->in_w - left);
  if (before > 0 || end < columns || y < 0 || y >= s->in_h) fill_line(line, columns, padding);
  if (y < 0 || y >= s->in_h || before >= end) return;
  const int8_t* from = image + (y * s->in_w + left + before) * s->in_c;
  if (before % 2 == 1) { /* so that pairs of columns stay aligned */
    for (int32_t plane = 0; plane < 4; ++plane)
      store_half(line + 2 * before + plane * PLANE_BYTES, (uint32_t)from[plane]);
    from += s->in_c;
  }
  const int32_t odd = before % 2;
  spread_pixels(from, end - before - odd, s->in_c, line + 2 * (before + odd));
}

typedef struct {
  int32_t first, second;
} two_sums;
#if defined(__ARM_FEATURE_DSP)
/* The second sum begins one column on, or two; 6 and 7 instructions a line. The lines lie 108 bytes apart. */
#define STRIDE_1_LINE(at, w)                                              \
  "ldrd %[a], %[b], [%[line], #" at "]\n\tldrd %[c], %[d], [%[taps], #" w \
  "]\n\t"                                                                 \
  "smlad %[s], %[a], %[c], %[s]\n\tsmlatb %[t], %[a], %[c], %[t]\n\t"     \
  "smlabt %[s], %[b], %[d], %[s]\n\tsmlad %[t], %[b], %[d], %[t]\n\t"
#define STRIDE_2_LINE(at, third, w)                                       \
  "ldrd %[a], %[b], [%[line], #" at "]\n\tldrd %[c], %[d], [%[taps], #" w \
  "]\n\t"                                                                 \
  "smlad %[s], %[a], %[c], %[s]\n\tldr %[a], [%[line], #" third           \
  "]\n\t"                                                                 \
  "smlabt %[s], %[b], %[d], %[s]\n\tsmlad %[t], %[b], %[c], %[t]\n\t"     \
  "smlabt %[t], %[a], %[d], %[t]\n\t"
#define DOT_TWO_WINDOWS(lines)                                                                     \
  uint32_t a, b, c, d;                                                                             \
  two_sums sums = {bias, bias};                                                                    \
  __asm(lines                                                                                      \
        : [s] "+&r"(sums.first), [t] "+&r"(sums.second), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), \
          [d] "=&r"(d)                                                                             \
        : [line] "r"(line), [taps] "r"(taps)                                                       \
        : "memory");                                                                               \
  return sums;
static inline __attribute__((always_inline)) two_sums dot_windows_1(const int8_t* line, const tap_row* taps,
                                                                    int32_t bias) {
  DOT_TWO_WINDOWS(STRIDE_1_LINE("0", "0") STRIDE_1_LINE("108", "8") STRIDE_1_LINE("216", "16"))
}
static inline __attribute__((always_inline)) two_sums dot_windows_2(const int8_t* line, const tap_row* taps,
                                                                    int32_t bias) {
  DOT_TWO_WINDOWS(STRIDE_2_LINE("0", "8", "0") STRIDE_2_LINE("108", "116", "8")
                      STRIDE_2_LINE("216", "224", "16"))
}
#else
static inline two_sums dot_windows(const int8_t* line, int32_t second, const tap_row* taps, int32_t bias) {
  two_sums sums = {bias, bias};
  for (int32_t row = 0; row < 3; ++row, line += LINE_BYTES, ++taps) {
    const int8_t* const next = line + second;
    sums.first = smlabt(load_word(line + 4), taps->w12, smlad(load_word(line), taps->w01, sums.first));
    sums.second = smlabt(load_word(next + 4), taps->w12, smlad(load_word(next), taps->w01, sums.second));
  }
  return sums;
}
static inline two_sums dot_windows_1(const int8_t* line, const tap_row* taps, int32_t bias) {
  return dot_windows(line, 2, taps, bias);
}
static inline two_sums dot_windows_2(const int8_t* line, const tap_row* taps, int32_t bias) {
  return dot_windows(line, 4, taps, bias);
}
#endif

/* `count` values of one channel from its plane; `taps` in the order of the slots. */
#define DEPTHWISE_ROW(name, dot, step)                                                                 \
  static __attribute__((noinline)) void name(const int8_t* plane, const tap_row* taps, int32_t bias,   \
                                             const narrow_factor* by, int32_t count, int32_t channels, \
                                             int8_t* out) {                                            \
    const narrow_factor factor = *by;                                                                  \
    for (; count >= 2; count -= 2, plane += (step), out += 2 * channels) {                             \
      const two_sums sums = dot(plane, taps, bias);                                                    \
      out[0] = narrowed(sums.first, factor);                                                           \
      out[channels] = narrowed(sums.second, factor);                                                   \
    }                                                                                                  \
    if (count > 0) out[0] = narrowed(dot(plane, taps, bias).first, factor);                            \
  }
DEPTHWISE_ROW(depthwise_row_stride_1, dot_windows_1, 4)
DEPTHWISE_ROW(depthwise_row_stride_2, dot_windows_2, 8)

/* The same by any factor and within any bounds. */
static __attribute__((noinline)) void depthwise_row_any(const int8_t* plane, const tap_row* taps,
                                                        int32_t bias, const int32_t* factor,
                                                        const out_range* range, int32_t stride, int32_t count,
                                                        int32_t channels, int8_t* out) {
  for (; count > 0; --count, plane += 2 * stride, out += channels) {
    int32_t sum = bias;
    for (int32_t row = 0; row < 3; ++row)
      sum = smlabt(load_word(plane + row * LINE_BYTES + 4), taps[row].w12,
                   smlad(load_word(plane + row * LINE_BYTES), taps[row].w01, sum));
    *out = requantize(sum, factor, range->zero, range->low, range->high);
  }
}

/* One row of output of four channels, `count` pixels; slot `turn` holds the window's first row. */
static void depthwise_row(const int8_t* lines, const tap_row* taps, int32_t turn, const int32_t* bias,
                          const int32_t* factors, const out_range* range, int32_t stride, int32_t count,
                          int32_t channels, int8_t* out) {
  for (int32_t c = 0; c < 4; ++c, lines += PLANE_BYTES, taps += 6, factors += 2, ++out) {
    const tap_row* const turned = taps + (turn == 0 ? 0 : 3 - turn);
    if (!is_narrow(factors, range)) {
      depthwise_row_any(lines, turned, bias[c], factors, range, stride, count, channels, out);
      continue;
    }
    const narrow_factor by = narrow(factors, range->zero);
    (stride == 1 ? depthwise_row_stride_1 : depthwise_row_stride_2)(lines, turned, bias[c], &by, count,
                                                                    channels, out);
  }
}

/* Channels a multiple of 4, stride_w at most 2, no dilation. Without `lines` (DEPTHWISE_LINES_BYTES, 4-byte
 * aligned) what depthwise_conv2d_i8 is. */
static void depthwise_3x3_i8(const window* s, const int8_t* x, int32_t x_zero, const int8_t* w,
                             const int32_t* bias, const int32_t* factors, int32_t zero, int32_t low,
                             int32_t high, int8_t* lines, int8_t* out) {
  const out_range range = range_of(zero, low, high);
  const int32_t channels = s->out_c, strip = (LINE_COLUMNS - 6) / s->stride_w;
  const uint32_t padding = pkhbt((uint32_t)x_zero, (uint32_t)x_zero);
  tap_row taps[24];
  for (int32_t channel = 0; channel < channels; channel += 4) {
    expand_taps(w + channel, channels, taps);
    for (int32_t image = 0; image < s->images; ++image)
      for (int32_t ox = 0; ox < s->out_w; ox += strip) {
        const int8_t* from = x + image * s->in_h * s->in_w * channels + channel;
        const int32_t count = least(strip, s->out_w - ox), left = ox * s->stride_w - s->pad_left;
        int8_t* to = out + (image * s->out_h * s->out_w + ox) * channels + channel;
        int32_t loaded = -s->pad_top;
        for (int32_t oy = 0; oy < s->out_h; ++oy, to += s->out_w * channels) {
          const int32_t top = oy * s->stride_h - s->pad_top;
          if (loaded < top) loaded = top;
          for (; loaded < top + 3; ++loaded)
            load_line(s, from, padding, loaded, left, (count - 1) * s->stride_w + 3,
                      lines + (loaded + s->pad_top) % 3 * LINE_BYTES);
          depthwise_row(lines, taps, oy * s->stride_h % 3, bias + channel, factors + 2 * channel, &range,
                        s->stride_w, count, channels, to);
        }
      }
  }
}
