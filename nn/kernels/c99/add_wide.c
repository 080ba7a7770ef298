/* a + sign * b in 15 bits of headroom, b repeated along a; factors are those of a, of b and of the sum. */
static void add_wide(const int16_t* a, int32_t count, const int16_t* b, int32_t b_count, int32_t sign,
                     const int32_t* factors, int32_t low, int32_t high, int16_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t x = rescale_twice(a[i] * 32768, factors),
                  y = rescale_twice(b[i % b_count] * 32768, factors + 2);
    out[i] = (int16_t)within(rescale_twice(x + sign * y, factors + 4), low, high);
  }
}
