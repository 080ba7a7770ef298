/* Bits of a number, leading zeros left out. */
static inline int32_t bits_of(uint32_t x) {
  int32_t bits = 0;
  for (; x != 0; x >>= 1) ++bits;
  return bits;
}
