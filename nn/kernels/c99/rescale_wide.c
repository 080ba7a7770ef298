/* sum * multiplier * 2^(shift - 31), the multiplier rounded to 16 bits and half rounded up, within an
 * int32_t; |sum| < 2^47. factor is {multiplier, shift}. */
static inline int32_t rescale_wide(int64_t sum, const int32_t* factor) {
  const int64_t most = 2147483647, least_value = -most - 1;
  const int64_t multiplier = factor[0] < 0x7FFF0000 ? (factor[0] + (1 << 15)) >> 16 : 0x7FFF;
  const int32_t bits = 15 - factor[1];
  /* A factor of 2^15 and more cannot be shifted right; nothing the compiler writes has one. */
  if (bits <= 0) return 0;
  const int64_t value = (sum * multiplier + ((int64_t)1 << (bits - 1))) >> bits;
  return (int32_t)(value < least_value ? least_value : value > most ? most : value);
}
