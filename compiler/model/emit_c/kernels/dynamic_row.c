/* How a row was quantised: real = scale * (q - zero), as {scale, zero}. The zero point, whatever the bits
 * are. */
static inline int32_t row_zero(const float* row) {
  return !(row[1] >= -128.0f) || row[1] > 127.0f ? 0 : (int32_t)row[1];
}
/* To the nearest whole number, halves away from zero. */
static inline int32_t round_away(float x) { return (int32_t)(x < 0 ? x - 0.5f : x + 0.5f); }
