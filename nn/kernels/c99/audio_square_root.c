/* The square root to the nearest, except that one word's root is at most 16 bits. */
static inline uint32_t square_root(uint64_t value) {
  const uint64_t most = (value >> 32) == 0 ? 0xFFFF : 0xFFFFFFFF;
  uint64_t root = 0, rest = value;
  for (uint64_t bit = (uint64_t)1 << 62; bit != 0; bit >>= 2) {
    const uint64_t more = root + bit;
    root >>= 1;
    if (rest >= more) {
      rest -= more;
      root += bit;
    }
  }
  return (uint32_t)(root + (rest > root && root != most ? 1 : 0));
}
static void audio_square_root(const uint64_t* x, int32_t count, const int32_t* bits, uint32_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = square_root(x[i]) >> (*bits & 31);
}
