/* Row `row` of the padded image. */
static void fill_row_f32(const window* s, const float* x, int32_t row, const ring* r, float* to) {
  const int32_t y = row - s->pad_top;
  const int32_t first = s->pad_left, last = least(r->columns, s->pad_left + s->in_w);
  const int is_outside = y < 0 || y >= s->in_h || first >= last;
  memset(to, 0, (size_t)((is_outside ? r->columns : first) * r->channels) * sizeof(float));
  if (is_outside) return;
  x += y * s->in_w * s->in_c;
  if (r->channels == s->in_c)
    memcpy(to + first * r->channels, x, (size_t)((last - first) * s->in_c) * sizeof(float));
  else
    for (int32_t c = first; c < last; ++c)
      memcpy(to + c * r->channels, x + (c - first) * s->in_c, (size_t)s->in_c * sizeof(float));
  memset(to + last * r->channels, 0, (size_t)((r->columns - last) * r->channels) * sizeof(float));
}

/* `pixels` neighbours, eight channels. Panel: biases, then the weights tap by tap. */
INLINE void taps_f32(int pixels, int32_t count, const float* x, int32_t x_step, const int32_t* taps,
                     const float* panel, int32_t channels, v128_t low, v128_t high, float* out,
                     int32_t step) {
  v128_t sums[4][2];
  UNROLLED for (int p = 0; p < pixels; ++p) {
    sums[p][0] = wasm_v128_load(panel);
    sums[p][1] = wasm_v128_load(panel + 4);
  }
  UNROLLED for (int32_t t = 0; t < count; ++t) {
    const float *w = panel + 8 + 8 * t, *from = x + taps[t];
    const v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 4);
    UNROLLED for (int p = 0; p < pixels; ++p) {
      sums[p][0] = multiply_add(wasm_v128_load(from + p * x_step), w0, sums[p][0]);
      sums[p][1] = multiply_add(wasm_v128_load(from + p * x_step + 4), w1, sums[p][1]);
    }
  }
  UNROLLED for (int p = 0; p < pixels; ++p) {
    const v128_t first = bounded_4(sums[p][0], low, high), second = bounded_4(sums[p][1], low, high);
    if (channels >= 8) {
      wasm_v128_store(out + p * step, first);
      wasm_v128_store(out + p * step + 4, second);
    } else {
      float tail[8];
      wasm_v128_store(tail, first);
      wasm_v128_store(tail + 4, second);
      memcpy(out + p * step, tail, (size_t)channels * sizeof(float));
    }
  }
}
INLINE void row_f32(int32_t count, const window* s, const float* x, int32_t x_step, const int32_t* taps,
                    const float* panel, int32_t channels, v128_t low, v128_t high, float* out) {
  int32_t p = 0;
  for (; p + 4 <= s->out_w; p += 4)
    taps_f32(4, count, x + p * x_step, x_step, taps, panel, channels, low, high, out + p * s->out_c,
             s->out_c);
  for (; p < s->out_w; ++p)
    taps_f32(1, count, x + p * x_step, x_step, taps, panel, channels, low, high, out + p * s->out_c,
             s->out_c);
}

static void depthwise_f32_simd(const window* s, const float* x, const float* panels, float low, float high,
                               float* rows, float* out) {
  ring r = ring_of(s);
  const int32_t count = s->kernel_h * s->kernel_w, row_elements = r.columns * r.channels;
  const v128_t lowest = wasm_f32x4_splat(low), highest = wasm_f32x4_splat(high);
  int32_t taps[most_taps + 1];
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c, r.next = 0)
    for (int32_t y = 0; y < s->out_h; ++y, out += s->out_w * s->out_c) {
      for (; r.next < y * s->stride_h + r.rows; ++r.next)
        fill_row_f32(s, x, r.next, &r, rows + r.next % r.rows * row_elements);
      find_taps(s, &r, y, taps);
      for (int32_t o = 0; o < s->out_c; o += 8) {
        const float* panel = panels + o * (1 + count);
        const int32_t channels = s->out_c - o, x_step = s->stride_w * r.channels;
        if (count == 9)
          row_f32(9, s, rows + o, x_step, taps, panel, channels, lowest, highest, out + o);
        else
          row_f32(count, s, rows + o, x_step, taps, panel, channels, lowest, highest, out + o);
      }
    }
}
