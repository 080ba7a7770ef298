/* sums[i] += x . w[i * stride ...] for four rows of weights, and for one. */
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
static inline uint32_t load4(const int8_t* from) {
  uint32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}
static inline int32_t dot_of_4(uint32_t even, uint32_t odd, const int8_t* w, int32_t sum) {
  const uint32_t word = load4(w);
  return __smlad((int32_t)odd, (int32_t)__sxtb16(__ror(word, 8)),
                 __smlad((int32_t)even, (int32_t)__sxtb16(word), sum));
}
static void dot4_i8(const int8_t* x, const int8_t* w, int32_t stride, int32_t count, int32_t sums[4]) {
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  const int8_t *w1 = w + stride, *w2 = w1 + stride, *w3 = w2 + stride;
  for (; count >= 4; count -= 4, x += 4, w += 4, w1 += 4, w2 += 4, w3 += 4) {
    const uint32_t word = load4(x), even = (uint32_t)__sxtb16(word), odd = (uint32_t)__sxtb16(__ror(word, 8));
    s0 = dot_of_4(even, odd, w, s0);
    s1 = dot_of_4(even, odd, w1, s1);
    s2 = dot_of_4(even, odd, w2, s2);
    s3 = dot_of_4(even, odd, w3, s3);
  }
  for (; count > 0; --count, ++x) {
    s0 += *x * *w++;
    s1 += *x * *w1++;
    s2 += *x * *w2++;
    s3 += *x * *w3++;
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}
static int32_t dot_i8(const int8_t* x, const int8_t* w, int32_t count, int32_t sum) {
  for (; count >= 4; count -= 4, x += 4, w += 4) {
    const uint32_t word = load4(x);
    sum = dot_of_4((uint32_t)__sxtb16(word), (uint32_t)__sxtb16(__ror(word, 8)), w, sum);
  }
  for (; count > 0; --count) sum += *x++ * *w++;
  return sum;
}
#else
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
#endif
