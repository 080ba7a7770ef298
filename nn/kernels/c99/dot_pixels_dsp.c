/* Inner products of expanded pixels by SMLAD. Expanded values lie in groups of four as SXTB16 leaves them,
 * (0, 2) and (1, 3), the groups of several pixels in turn: pixel 0's, pixel 1's, ... The loops are in
 * assembler because they take every register there is, and because compilers do not load four words at once.
 * An odd count of groups begins in the middle of the loop. */
#define EXPANDED_GROUP_BYTES 8

static inline void store_words(void* to, uint32_t first, uint32_t second) {
  const uint32_t words[2] = {first, second};
  memcpy(to, words, sizeof words);
}
/* The first `count` < 4 bytes of a word, the others 0. */
static inline uint32_t load_bytes(const int8_t* from, int32_t count) {
  uint32_t word = 0;
  for (int32_t i = 0; i < count; ++i) word |= (uint32_t)(uint8_t)from[i] << 8 * i;
  return word;
}

/* Writes `count` bytes as groups, `step` bytes apart; the last is filled up with zeros. */
static void expand_i8(const int8_t* from, int32_t count, int8_t* to, int32_t step) {
  for (; count >= 4; count -= 4, from += 4, to += step) {
    const uint32_t word = load_word(from);
    store_words(to, sxtb16(word), sxtb16_ror8(word));
  }
  if (count == 0) return;
  const uint32_t word = load_bytes(from, count);
  store_words(to, sxtb16(word), sxtb16_ror8(word));
}

/* sum + one group of weights, (0, 2) and (1, 3), times one of a pixel. */
static inline __attribute__((always_inline)) int32_t dot_group(const int8_t* x, uint32_t even, uint32_t odd,
                                                               int32_t sum) {
  return smlad(odd, load_word(x + 4), smlad(even, load_word(x), sum));
}
/* One group of weights, and one of two rows, with those of four pixels and of two. */
static inline __attribute__((always_inline)) four_sums add_four_pixels(const int8_t* x, uint32_t word,
                                                                       four_sums sums) {
  const uint32_t even = sxtb16(word), odd = sxtb16_ror8(word);
  sums.s0 = dot_group(x, even, odd, sums.s0);
  sums.s1 = dot_group(x + EXPANDED_GROUP_BYTES, even, odd, sums.s1);
  sums.s2 = dot_group(x + 2 * EXPANDED_GROUP_BYTES, even, odd, sums.s2);
  sums.s3 = dot_group(x + 3 * EXPANDED_GROUP_BYTES, even, odd, sums.s3);
  return sums;
}
static inline __attribute__((always_inline)) four_sums add_two_by_two(const int8_t* x, uint32_t word0,
                                                                      uint32_t word1, four_sums sums) {
  const uint32_t even0 = sxtb16(word0), odd0 = sxtb16_ror8(word0);
  const uint32_t even1 = sxtb16(word1), odd1 = sxtb16_ror8(word1);
  sums.s0 = dot_group(x, even0, odd0, sums.s0);
  sums.s1 = dot_group(x + EXPANDED_GROUP_BYTES, even0, odd0, sums.s1);
  sums.s2 = dot_group(x, even1, odd1, sums.s2);
  sums.s3 = dot_group(x + EXPANDED_GROUP_BYTES, even1, odd1, sums.s3);
  return sums;
}

#if defined(__ARM_FEATURE_DSP)
/* 13 instructions for 16 products. */
#define FOUR_PIXELS                   \
  "ldr %[a], [%[w]], #4\n\t"          \
  "ldm %[x]!, {r8, r9, r10, r11}\n\t" \
  "sxtb16 %[b], %[a], ror #8\n\t"     \
  "sxtb16 %[a], %[a]\n\t"             \
  "smlad %[s0], %[a], r8, %[s0]\n\t"  \
  "smlad %[s0], %[b], r9, %[s0]\n\t"  \
  "smlad %[s1], %[a], r10, %[s1]\n\t" \
  "smlad %[s1], %[b], r11, %[s1]\n\t" \
  "ldm %[x]!, {r8, r9, r10, r11}\n\t" \
  "smlad %[s2], %[a], r8, %[s2]\n\t"  \
  "smlad %[s2], %[b], r9, %[s2]\n\t"  \
  "smlad %[s3], %[a], r10, %[s3]\n\t" \
  "smlad %[s3], %[b], r11, %[s3]\n\t"
/* 15 instructions: two pixels, two rows of weights. */
#define TWO_BY_TWO                    \
  "ldr %[a], [%[w0]], #4\n\t"         \
  "ldm %[x]!, {r8, r9, r10, r11}\n\t" \
  "sxtb16 %[b], %[a], ror #8\n\t"     \
  "sxtb16 %[a], %[a]\n\t"             \
  "smlad %[s0], %[a], r8, %[s0]\n\t"  \
  "smlad %[s0], %[b], r9, %[s0]\n\t"  \
  "smlad %[s1], %[a], r10, %[s1]\n\t" \
  "smlad %[s1], %[b], r11, %[s1]\n\t" \
  "ldr %[a], [%[w1]], #4\n\t"         \
  "sxtb16 %[b], %[a], ror #8\n\t"     \
  "sxtb16 %[a], %[a]\n\t"             \
  "smlad %[s2], %[a], r8, %[s2]\n\t"  \
  "smlad %[s2], %[b], r9, %[s2]\n\t"  \
  "smlad %[s3], %[a], r10, %[s3]\n\t" \
  "smlad %[s3], %[b], r11, %[s3]\n\t"
static inline __attribute__((always_inline)) four_sums dot_four_pixels(const int8_t* x, const int8_t* w,
                                                                       int32_t groups, four_sums sums) {
  int32_t left = (groups + 1) / 2;
  uint32_t a = (uint32_t)groups, b;
  __asm(
      "tst %[a], #1\n\tbne 2f\n\t"
      "1:\n\t" FOUR_PIXELS "2:\n\t" FOUR_PIXELS "subs %[left], #1\n\tbne 1b"
      : [x] "+r"(x), [w] "+r"(w), [s0] "+r"(sums.s0), [s1] "+r"(sums.s1), [s2] "+r"(sums.s2),
        [s3] "+r"(sums.s3), [a] "+&r"(a), [b] "=&r"(b), [left] "+&r"(left)
      :
      : "r8", "r9", "r10", "r11", "memory", "cc");
  return sums;
}

static inline __attribute__((always_inline)) four_sums dot_two_by_two(const int8_t* x, const int8_t* w0,
                                                                      const int8_t* w1, int32_t groups,
                                                                      four_sums sums) {
  uint32_t a = (uint32_t)groups, b;
  const int8_t* const end = x + groups * 2 * EXPANDED_GROUP_BYTES;
  __asm(
      "tst %[a], #1\n\tbne 2f\n\t"
      "1:\n\t" TWO_BY_TWO "2:\n\t" TWO_BY_TWO "ldr %[a], %[end]\n\tcmp %[x], %[a]\n\tbne 1b"
      : [x] "+r"(x), [w0] "+r"(w0), [w1] "+r"(w1), [s0] "+r"(sums.s0), [s1] "+r"(sums.s1), [s2] "+r"(sums.s2),
        [s3] "+r"(sums.s3), [a] "+&r"(a), [b] "=&r"(b)
      : [end] "m"(end)
      : "r8", "r9", "r10", "r11", "memory", "cc");
  return sums;
}
#else
static inline four_sums dot_four_pixels(const int8_t* x, const int8_t* w, int32_t groups, four_sums sums) {
  for (; groups > 0; --groups, w += 4, x += 4 * EXPANDED_GROUP_BYTES)
    sums = add_four_pixels(x, load_word(w), sums);
  return sums;
}
static inline four_sums dot_two_by_two(const int8_t* x, const int8_t* w0, const int8_t* w1, int32_t groups,
                                       four_sums sums) {
  for (; groups > 0; --groups, w0 += 4, w1 += 4, x += 2 * EXPANDED_GROUP_BYTES)
    sums = add_two_by_two(x, load_word(w0), load_word(w1), sums);
  return sums;
}
#endif
