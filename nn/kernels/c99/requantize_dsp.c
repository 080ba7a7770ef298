/* How sums become values of the output, for the factors below 1/4 that nearly all are: one multiplication
 * with the rounding added to its high word, one shift. */
typedef struct {
  int32_t zero, low, high;
  uint32_t shifts; /* how many shifts are narrow: none where there are bounds to hold */
} out_range;
typedef struct {
  int32_t multiplier, shift, round, zero;
} narrow_factor;
/* Of one channel for four pixels, or of four channels. */
typedef struct {
  int32_t s0, s1, s2, s3;
} four_sums;

static inline out_range range_of(int32_t zero, int32_t low, int32_t high) {
  const out_range range = {zero, low, high, low == -128 && high == 127 ? 30u : 0u};
  return range;
}
static inline int is_narrow(const int32_t* factor, const out_range* range) {
  return (uint32_t)(-2 - factor[1]) < range->shifts;
}
static inline narrow_factor narrow(const int32_t* factor, int32_t zero) {
  const int32_t shift = -1 - factor[1];
  const narrow_factor made = {factor[0], shift, 1 << (shift - 1), zero};
  return made;
}
/* requantize(). */
static inline int8_t narrowed(int32_t sum, narrow_factor factor) {
  return (int8_t)saturated_i8((smmla(sum, factor.multiplier, factor.round) >> factor.shift) + factor.zero);
}

static inline __attribute__((always_inline)) int8_t stored(int32_t sum, const int32_t* factor,
                                                           const out_range* range) {
  return is_narrow(factor, range) ? narrowed(sum, narrow(factor, range->zero))
                                  : requantize(sum, factor, range->zero, range->low, range->high);
}
