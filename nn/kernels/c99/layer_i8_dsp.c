/* All output channels of one pixel whose `depth` values lie as they are: out[o] = requantised bias[o] + x .
 * w[o]. */
static __attribute__((noinline)) void layer_i8(const int8_t* x, int32_t depth, const int8_t* w,
                                               const int32_t* bias, const int32_t* factors, int32_t channels,
                                               const out_range* range, int8_t* out) {
  const int32_t groups = depth / 4, rest = depth % 4;
  for (; channels >= 4; channels -= 4, bias += 4, factors += 8, w += 4 * depth, out += 4) {
    four_sums sums = {bias[0], bias[1], bias[2], bias[3]};
    if (groups > 0) sums = dot_one_by_four(x, w, depth, groups, sums);
    for (int32_t k = 4 * groups; k < depth; ++k) {
      sums.s0 += x[k] * w[k];
      sums.s1 += x[k] * w[depth + k];
      sums.s2 += x[k] * w[2 * depth + k];
      sums.s3 += x[k] * w[3 * depth + k];
    }
    out[0] = stored(sums.s0, factors, range);
    out[1] = stored(sums.s1, factors + 2, range);
    out[2] = stored(sums.s2, factors + 4, range);
    out[3] = stored(sums.s3, factors + 6, range);
  }
  for (; channels > 0; --channels, factors += 2, w += rest) {
    int32_t sum = *bias++;
    for (int32_t group = 0; group < groups; ++group, w += 4) {
      const uint32_t a = load_word(x + 4 * group), b = load_word(w);
      sum = smlad(sxtb16(a), sxtb16(b), smlad(sxtb16_ror8(a), sxtb16_ror8(b), sum));
    }
    for (int32_t k = 0; k < rest; ++k) sum += x[4 * groups + k] * w[k];
    *out++ = requantize(sum, factors, range->zero, range->low, range->high);
  }
}
