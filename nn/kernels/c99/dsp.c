/* DSP instructions of Armv7E-M (Cortex-M4, M7, M33) as functions. Where a processor lacks them they are
 * spelled out, so that the kernels over them can be tested there. */
#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
/* Bytes 0 and 2 as halves, bytes 1 and 3. */
static inline uint32_t sxtb16(uint32_t x) { return (uint32_t)__sxtb16((int32_t)x); }
static inline uint32_t sxtb16_ror8(uint32_t x) { return (uint32_t)__sxtb16((int32_t)__ror(x, 8)); }
/* sum + the products of both halves. */
static inline int32_t smlad(uint32_t a, uint32_t b, int32_t sum) {
  return __smlad((int32_t)a, (int32_t)b, sum);
}
static inline int32_t saturated_i8(int32_t x) { return __ssat(x, 8); }
#else
static inline int32_t bottom_half(uint32_t x) { return (int16_t)x; }
static inline int32_t top_half(uint32_t x) { return (int16_t)(x >> 16); }
static inline uint32_t sxtb16(uint32_t x) {
  return (uint16_t)(int8_t)x | (uint32_t)(uint16_t)(int8_t)(x >> 16) << 16;
}
static inline uint32_t sxtb16_ror8(uint32_t x) { return sxtb16(x >> 8); }
static inline int32_t smlad(uint32_t a, uint32_t b, int32_t sum) {
  return sum + bottom_half(a) * bottom_half(b) + top_half(a) * top_half(b);
}
static inline int32_t saturated_i8(int32_t x) { return x < -128 ? -128 : x > 127 ? 127 : x; }
#endif
/* c + the high word of a * b: SMMLA. */
static inline int32_t smmla(int32_t a, int32_t b, int32_t c) { return c + (int32_t)(((int64_t)a * b) >> 32); }
/* A word at any address. */
static inline uint32_t load_word(const void* from) {
  uint32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}
