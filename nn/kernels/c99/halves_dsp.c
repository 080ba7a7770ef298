/* DSP instructions on single halves. */
#if defined(__ARM_FEATURE_DSP)
/* sum + a's bottom half * b's top half. */
static inline int32_t smlabt(uint32_t a, uint32_t b, int32_t sum) {
  return __smlabt((int32_t)a, (int32_t)b, sum);
}
#else
static inline int32_t smlabt(uint32_t a, uint32_t b, int32_t sum) {
  return sum + bottom_half(a) * top_half(b);
}
#endif
/* a's bottom half below b's: PKHBT. */
static inline uint32_t pkhbt(uint32_t a, uint32_t b) { return (a & 0xFFFFu) | b << 16; }
/* a's top half below b's: PKHTB. */
static inline uint32_t pkhtb(uint32_t a, uint32_t b) { return a >> 16 | (b & 0xFFFF0000u); }
