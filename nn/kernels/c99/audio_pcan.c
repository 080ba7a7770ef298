/* A gain by pieces of second order, one for each power of two of x: a table of 4 values a piece. */
static inline int16_t audio_gain(uint32_t x, const int16_t* table) {
  if (x <= 2) return table[x];
  const int32_t piece = bits_of(x);
  const int16_t* at = table + (4 * piece - 6);
  const int32_t fraction = (int32_t)((piece < 11 ? x << (11 - piece) : x >> (piece - 11)) & 0x3FF);
  int32_t value = (at[2] * fraction) >> 5;
  value += (int32_t)((uint32_t)(int32_t)at[1] << 5);
  value = (int32_t)((uint32_t)value * (uint32_t)fraction);
  return (int16_t)(((value + (1 << 14)) >> 15) + at[0]);
}
/* Per-channel amplitude normalisation: x * gain of the noise >> shift is a ratio of 12 bits behind the point,
 * of which remains a quarter of the square below 2 and the ratio less 1 above, with 6 bits. */
static void audio_pcan(const uint32_t* x, int32_t count, const uint32_t* noise, const int16_t* gains,
                       int32_t shift, uint32_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t gain = (uint32_t)audio_gain(noise[i], gains);
    const uint32_t ratio = (uint32_t)(((uint64_t)x[i] * gain) >> shift);
    out[i] = ratio < 8192 ? ratio * ratio >> 20 : (ratio >> 6) - 64;
  }
}
