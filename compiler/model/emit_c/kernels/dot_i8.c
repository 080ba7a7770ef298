/* sums[i] += x . w[i * stride ...] for four rows of weights, and for one. */
static void dot4_i8(const int8_t* x, const int8_t* w, int32_t stride, int32_t count, int32_t sums[4]) {
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  for (int32_t k = 0; k < count; ++k, ++w) {
    const int32_t value = x[k];
    s0 += value * w[0];
    s1 += value * w[stride];
    s2 += value * w[2 * stride];
    s3 += value * w[3 * stride];
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}
static int32_t dot_i8(const int8_t* x, const int8_t* w, int32_t count, int32_t sum) {
  for (int32_t k = 0; k < count; ++k) sum += x[k] * w[k];
  return sum;
}
