INLINE void fill_i16(int16_t* to, int32_t count, int32_t value) {
  const v128_t values = wasm_i16x8_splat((int16_t)value);
  for (int32_t k = 0; k < count; k += 8) wasm_v128_store(to + k, values);
}
/* Row `row` of the padded image, padding at the zero point. */
static void fill_row_i8(const window* s, const int8_t* x, int32_t x_zero, int32_t row, const ring* r,
                        int16_t* to) {
  const int32_t y = row - s->pad_top;
  const int32_t first = s->pad_left, last = least(r->columns, s->pad_left + s->in_w);
  const int is_outside = y < 0 || y >= s->in_h || first >= last;
  fill_i16(to, (is_outside ? r->columns : first) * r->channels, x_zero);
  if (is_outside) return;
  x += y * s->in_w * s->in_c;
  if (r->channels == s->in_c)
    widen_plain(x, (last - first) * s->in_c, to + first * r->channels);
  else
    for (int32_t c = first; c < last; ++c)
      widen_plain(x + (c - first) * s->in_c, s->in_c, to + c * r->channels);
  fill_i16(to + last * r->channels, (r->columns - last) * r->channels, x_zero);
}

/* `pixels` neighbours, eight channels. Panel: a block_i8, then for every two taps the int16 weights of each
 * channel. */
INLINE void taps_i8(int pixels, int32_t count, const int16_t* x, int32_t x_step, const int32_t* taps,
                    const int8_t* panel, int32_t channels, int32_t zero, int32_t low, int32_t high,
                    int8_t* out, int32_t step) {
  v128_t sums[4][2];
  const block_i8* block = (const block_i8*)panel;
  UNROLLED for (int p = 0; p < pixels; ++p) {
    sums[p][0] = wasm_v128_load(block->bias);
    sums[p][1] = wasm_v128_load(block->bias + 4);
  }
  UNROLLED for (int32_t t = 0; t < count; t += 2) {
    const int16_t* w = (const int16_t*)(panel + sizeof(block_i8)) + 8 * t;
    const v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 8);
    const int16_t *from = x + taps[t], *next = x + taps[t + 1];
    UNROLLED for (int p = 0; p < pixels; ++p) {
      const v128_t a = wasm_v128_load(from + p * x_step), b = wasm_v128_load(next + p * x_step);
      const v128_t first = wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
                   second = wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
      sums[p][0] = wasm_i32x4_add(sums[p][0], wasm_i32x4_dot_i16x8(first, w0));
      sums[p][1] = wasm_i32x4_add(sums[p][1], wasm_i32x4_dot_i16x8(second, w1));
    }
  }
  UNROLLED for (int p = 0; p < pixels; ++p)
      store_8(requantize_8(sums[p][0], sums[p][1], block, zero, low, high), channels, out + p * step);
}
INLINE void row_i8(int32_t count, const window* s, const int16_t* x, int32_t x_step, const int32_t* taps,
                   const int8_t* panel, int32_t channels, int32_t zero, int32_t low, int32_t high,
                   int8_t* out) {
  int32_t p = 0;
  for (; p + 4 <= s->out_w; p += 4)
    taps_i8(4, count, x + p * x_step, x_step, taps, panel, channels, zero, low, high, out + p * s->out_c,
            s->out_c);
  for (; p < s->out_w; ++p)
    taps_i8(1, count, x + p * x_step, x_step, taps, panel, channels, zero, low, high, out + p * s->out_c,
            s->out_c);
}

static void depthwise_i8_simd(const window* s, const int8_t* x, int32_t x_zero, const int8_t* panels,
                              int32_t zero, int32_t low, int32_t high, int16_t* rows, int8_t* out) {
  ring r = ring_of(s);
  const int32_t count = s->kernel_h * s->kernel_w, row_elements = r.columns * r.channels;
  const int32_t panel_step = (int32_t)sizeof(block_i8) + (count + 1) / 2 * 32;
  int32_t taps[most_taps + 1];
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c, r.next = 0)
    for (int32_t y = 0; y < s->out_h; ++y, out += s->out_w * s->out_c) {
      for (; r.next < y * s->stride_h + r.rows; ++r.next)
        fill_row_i8(s, x, x_zero, r.next, &r, rows + r.next % r.rows * row_elements);
      find_taps(s, &r, y, taps);
      for (int32_t o = 0; o < s->out_c; o += 8) {
        const int8_t* panel = panels + o / 8 * panel_step;
        const int32_t channels = s->out_c - o, x_step = s->stride_w * r.channels;
        if (count == 9)
          row_i8(9, s, rows + o, x_step, taps, panel, channels, zero, low, high, out + o);
        else
          row_i8(count, s, rows + o, x_step, taps, panel, channels, zero, low, high, out + o);
      }
    }
}
