/* All output channels of one pixel: out[o] = requantised bias[o] + x . w[o]. */
static void layer_i8(const int8_t* x, int32_t depth, const int8_t* w, const int32_t* bias,
                     const int32_t* factors, int32_t channels, int32_t zero, int32_t low, int32_t high,
                     int8_t* out) {
  for (; channels >= 4; channels -= 4, bias += 4, factors += 8, w += 4 * depth) {
    int32_t sums[4] = {bias[0], bias[1], bias[2], bias[3]};
    dot4_i8(x, w, depth, depth, sums);
    for (int32_t i = 0; i < 4; ++i) *out++ = requantize(sums[i], factors + 2 * i, zero, low, high);
  }
  for (; channels > 0; --channels, factors += 2, w += depth)
    *out++ = requantize(dot_i8(x, w, depth, *bias++), factors, zero, low, high);
}
