/* Panels: for every eight output channels their biases, then for every k their weights. A tile adds in the
 * order of k, each lane its own channel, so that the sums are those of the plain loop. `pixels` and `blocks`
 * are constants where it is inlined. */
INLINE void tile_f32(int pixels, int blocks, const float* x, int32_t x_step, int32_t depth,
                     const float* panel, int32_t channels, float low, float high, float* out, int32_t step) {
  v128_t sums[4][8];
  const int32_t panel_step = 8 + 8 * depth;
  UNROLLED for (int p = 0; p < pixels; ++p) UNROLLED for (int b = 0; b < blocks; ++b) {
    sums[p][2 * b] = wasm_v128_load(panel + b * panel_step);
    sums[p][2 * b + 1] = wasm_v128_load(panel + b * panel_step + 4);
  }
  const float* w = panel + 8;
  for (int32_t k = 0; k < depth; ++k, w += 8) {
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const v128_t w0 = wasm_v128_load(w + b * panel_step), w1 = wasm_v128_load(w + b * panel_step + 4);
      UNROLLED for (int p = 0; p < pixels; ++p) {
        const v128_t value = wasm_v128_load32_splat(x + p * x_step + k);
        sums[p][2 * b] = multiply_add(value, w0, sums[p][2 * b]);
        sums[p][2 * b + 1] = multiply_add(value, w1, sums[p][2 * b + 1]);
      }
    }
  }
  const v128_t lowest = wasm_f32x4_splat(low), highest = wasm_f32x4_splat(high);
  UNROLLED for (int p = 0; p < pixels; ++p) UNROLLED for (int b = 0; b < blocks; ++b) {
    const v128_t first = bounded_4(sums[p][2 * b], lowest, highest),
                 second = bounded_4(sums[p][2 * b + 1], lowest, highest);
    float* to = out + p * step + 8 * b;
    if (channels - 8 * b >= 8) {
      wasm_v128_store(to, first);
      wasm_v128_store(to + 4, second);
    } else {
      float tail[8];
      wasm_v128_store(tail, first);
      wasm_v128_store(tail + 4, second);
      memcpy(to, tail, (size_t)(channels - 8 * b) * sizeof(float));
    }
  }
}

/* out[p][o] = bias[o] + x[p] . w[o], bounded; rows of x are x_step apart, those of out out_step. */
static void gemm_f32(const float* x, int32_t x_step, int32_t pixels, int32_t depth, const float* panels,
                     int32_t channels, float low, float high, float* out, int32_t out_step) {
  const int32_t panel_step = 8 + 8 * depth;
  const int32_t whole = pixels / 4 * 4;
  for (int32_t o = 0; o < channels && whole > 0; o += 8) {
    const float* panel = panels + o / 8 * panel_step;
    for (int32_t p = 0; p < whole; p += 4)
      tile_f32(4, 1, x + p * x_step, x_step, depth, panel, channels - o, low, high, out + p * out_step + o,
               out_step);
  }
  for (int32_t p = whole; p < pixels; ++p) {
    int32_t o = 0;
    for (; o + 32 <= channels; o += 32)
      tile_f32(1, 4, x + p * x_step, x_step, depth, panels + o / 8 * panel_step, channels - o, low, high,
               out + p * out_step + o, out_step);
    for (; o < channels; o += 8)
      tile_f32(1, 1, x + p * x_step, x_step, depth, panels + o / 8 * panel_step, channels - o, low, high,
               out + p * out_step + o, out_step);
  }
}
