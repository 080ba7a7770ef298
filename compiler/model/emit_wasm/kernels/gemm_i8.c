/* What turns eight channels' sums into int8. Where shift is 0 their factors have nothing in common that 32
 * bits would hold, and `spread` is the shift of each as rescale() takes it. */
typedef struct {
  int32_t bias[8], multiplier[8], spread[8], shift, unused[3];
} block_i8;

static v128_t requantize_scalar(v128_t a, v128_t b, const block_i8* block, int32_t zero, int32_t low,
                                int32_t high) {
  int32_t sums[8];
  int8_t bytes[16];
  wasm_v128_store(sums, a);
  wasm_v128_store(sums + 4, b);
  for (int i = 0; i < 8; ++i) {
    const int32_t factor[2] = {block->multiplier[i], block->spread[i]};
    bytes[i] = bytes[i + 8] = requantize(sums[i], factor, zero, low, high);
  }
  return wasm_v128_load(bytes);
}
INLINE v128_t requantize_8(v128_t a, v128_t b, const block_i8* block, int32_t zero, int32_t low,
                           int32_t high) {
  if (block->shift == 0) return requantize_scalar(a, b, block, zero, low, high);
  const v128_t x = wasm_i32x4_mul(a, wasm_v128_load(block->spread)),
               y = wasm_i32x4_mul(b, wasm_v128_load(block->spread + 4));
  return narrow_8(rescale_4(x, wasm_v128_load(block->multiplier), block->shift),
                  rescale_4(y, wasm_v128_load(block->multiplier + 4), block->shift), zero, low, high);
}
INLINE void store_8(v128_t bytes, int32_t channels, int8_t* to) {
  if (channels >= 8) {
    wasm_v128_store64_lane(to, bytes, 0);
  } else {
    int8_t tail[16];
    wasm_v128_store(tail, bytes);
    memcpy(to, tail, (size_t)channels);
  }
}

/* Panels: for every eight output channels a block_i8, then for every two k the weights of each channel. Rows
 * of x are int16, `step` apart, and corrections[p] is taken off every sum of row p. `pixels` and `blocks` are
 * constants where it is inlined. */
INLINE void tile_i8(int pixels, int blocks, const int16_t* x, int32_t step, const int32_t* corrections,
                    int32_t pairs, const int8_t* panel, int32_t channels, int32_t zero, int32_t low,
                    int32_t high, int8_t* out, int32_t out_step) {
  v128_t sums[4][8];
  const int32_t panel_step = (int32_t)sizeof(block_i8) + 16 * pairs;
  UNROLLED for (int p = 0; p < pixels; ++p) {
    const v128_t correction = wasm_v128_load32_splat(corrections + p);
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const int32_t* bias = (const int32_t*)(panel + b * panel_step);
      sums[p][2 * b] = wasm_i32x4_sub(wasm_v128_load(bias), correction);
      sums[p][2 * b + 1] = wasm_i32x4_sub(wasm_v128_load(bias + 4), correction);
    }
  }
  const int8_t* w = panel + sizeof(block_i8);
  for (int32_t k = 0; k < pairs; ++k, w += 16, x += 2) {
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const v128_t w0 = wasm_i16x8_load8x8(w + b * panel_step),
                   w1 = wasm_i16x8_load8x8(w + b * panel_step + 8);
      UNROLLED for (int p = 0; p < pixels; ++p) {
        const v128_t pair = wasm_v128_load32_splat(x + p * step);
        sums[p][2 * b] = wasm_i32x4_add(sums[p][2 * b], wasm_i32x4_dot_i16x8(pair, w0));
        sums[p][2 * b + 1] = wasm_i32x4_add(sums[p][2 * b + 1], wasm_i32x4_dot_i16x8(pair, w1));
      }
    }
  }
  UNROLLED for (int p = 0; p < pixels; ++p) UNROLLED for (int b = 0; b < blocks; ++b)
      store_8(requantize_8(sums[p][2 * b], sums[p][2 * b + 1], (const block_i8*)(panel + b * panel_step),
                           zero, low, high),
              channels - 8 * b, out + p * out_step + 8 * b);
}

static void gemm_i8(const int16_t* x, int32_t step, const int32_t* corrections, int32_t pixels, int32_t depth,
                    const int8_t* panels, int32_t channels, int32_t zero, int32_t low, int32_t high,
                    int8_t* out, int32_t out_step) {
  const int32_t pairs = (depth + 1) / 2, panel_step = (int32_t)sizeof(block_i8) + 16 * pairs;
  const int32_t whole = pixels / 4 * 4;
  for (int32_t o = 0; o < channels && whole > 0; o += 8) {
    const int8_t* panel = panels + o / 8 * panel_step;
    for (int32_t p = 0; p < whole; p += 4)
      tile_i8(4, 1, x + p * step, step, corrections + p, pairs, panel, channels - o, zero, low, high,
              out + p * out_step + o, out_step);
  }
  for (int32_t p = whole; p < pixels; ++p) {
    int32_t o = 0;
    for (; o + 32 <= channels; o += 32)
      tile_i8(1, 4, x + p * step, step, corrections + p, pairs, panels + o / 8 * panel_step, channels - o,
              zero, low, high, out + p * out_step + o, out_step);
    for (; o < channels; o += 8)
      tile_i8(1, 1, x + p * step, step, corrections + p, pairs, panels + o / 8 * panel_step, channels - o,
              zero, low, high, out + p * out_step + o, out_step);
  }
}

/* int8 to int16; yields the sum where it is asked for. */
INLINE int32_t widen_run(const int8_t* from, int32_t count, int with_sum, int16_t* to) {
  v128_t total = wasm_i32x4_splat(0);
  int32_t k = 0, sum = 0;
  for (; k + 8 <= count; k += 8) {
    const v128_t words = wasm_i16x8_load8x8(from + k);
    wasm_v128_store(to + k, words);
    if (with_sum) total = wasm_i32x4_add(total, wasm_i32x4_extadd_pairwise_i16x8(words));
  }
  for (; k < count; ++k) {
    to[k] = from[k];
    sum += from[k];
  }
  if (!with_sum) return 0;
  return sum + wasm_i32x4_extract_lane(total, 0) + wasm_i32x4_extract_lane(total, 1) +
         wasm_i32x4_extract_lane(total, 2) + wasm_i32x4_extract_lane(total, 3);
}
static void widen_plain(const int8_t* from, int32_t count, int16_t* to) { widen_run(from, count, 0, to); }
static int32_t widen_summed(const int8_t* from, int32_t count, int16_t* to) {
  return widen_run(from, count, 1, to);
}
/* w_zero times the row's sum, which a zero point of the weights costs. */
INLINE int32_t widen(const int8_t* from, int32_t count, int32_t w_zero, int16_t* to) {
  if (w_zero != 0) return w_zero * widen_summed(from, count, to);
  widen_plain(from, count, to);
  return 0;
}
/* Rows are a multiple of eight long, so that the last pair of an odd row may be read. */
INLINE int32_t row_step(int32_t depth) { return (depth + 7) / 8 * 8; }
