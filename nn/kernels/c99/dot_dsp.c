/* Inner products of one pixel with four rows of weights by SMLAD, both as they lie in memory; `groups` > 0 of
 * four. In assembler because it takes nearly every register. An odd count of groups begins in the middle of
 * the loop. */
#if defined(__ARM_FEATURE_DSP)
/* 23 instructions: one pixel as it lies in memory, four rows of weights `stride` apart. */
#define ONE_BY_FOUR_ROW(address, sum) \
  "ldr %[b], " address                \
  "\n\t"                              \
  "sxtb16 r8, %[b]\n\t"               \
  "sxtb16 %[b], %[b], ror #8\n\t"     \
  "smlad " sum ", %[a], r8, " sum     \
  "\n\t"                              \
  "smlad " sum ", %[o], %[b], " sum "\n\t"
#define ONE_BY_FOUR                                                                                      \
  "ldr %[a], [%[x]], #4\n\t"                                                                             \
  "sxtb16 %[o], %[a], ror #8\n\t"                                                                        \
  "sxtb16 %[a], %[a]\n\t" ONE_BY_FOUR_ROW("[%[w], %[stride]]", "%[s1]")                                  \
      ONE_BY_FOUR_ROW("[%[w], %[stride], lsl #1]", "%[s2]") ONE_BY_FOUR_ROW("[%[w], %[three]]", "%[s3]") \
          ONE_BY_FOUR_ROW("[%[w]], #4", "%[s0]")

static inline __attribute__((always_inline)) four_sums dot_one_by_four(const int8_t* x, const int8_t* w,
                                                                       int32_t stride, int32_t groups,
                                                                       four_sums sums) {
  int32_t left = (groups + 1) / 2;
  uint32_t a = (uint32_t)groups, b, o;
  __asm(
      "tst %[a], #1\n\tbne 2f\n\t"
      "1:\n\t" ONE_BY_FOUR "2:\n\t" ONE_BY_FOUR "subs %[left], #1\n\tbne 1b"
      : [x] "+r"(x), [w] "+r"(w), [s0] "+r"(sums.s0), [s1] "+r"(sums.s1), [s2] "+r"(sums.s2),
        [s3] "+r"(sums.s3), [a] "+&r"(a), [b] "=&r"(b), [o] "=&r"(o), [left] "+&r"(left)
      : [stride] "r"(stride), [three] "r"(3 * stride)
      : "r8", "memory", "cc");
  return sums;
}
#else
static inline int32_t dot_words(uint32_t a, uint32_t b, int32_t sum) {
  return smlad(sxtb16(a), sxtb16(b), smlad(sxtb16_ror8(a), sxtb16_ror8(b), sum));
}
static inline four_sums dot_one_by_four(const int8_t* x, const int8_t* w, int32_t stride, int32_t groups,
                                        four_sums sums) {
  for (; groups > 0; --groups, w += 4, x += 4) {
    const uint32_t word = load_word(x);
    sums.s0 = dot_words(word, load_word(w), sums.s0);
    sums.s1 = dot_words(word, load_word(w + stride), sums.s1);
    sums.s2 = dot_words(word, load_word(w + 2 * stride), sums.s2);
    sums.s3 = dot_words(word, load_word(w + 3 * stride), sums.s3);
  }
  return sums;
}
#endif
