/* base^exponent, modulo 2^64; 0 for a power below 0, but of 1. */
static uint64_t power_whole(uint64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1;
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base)
    if ((exponent & 1) != 0) result *= base;
  return result;
}
