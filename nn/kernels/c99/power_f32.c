/* x^y: by multiplication where y is a small whole number, else e^(y ln x). */
static float power_f32(float x, float y) {
  if (magnitude_f32(y) <= 64.0f && floor_of(y) == y) {
    float result = 1.0f, factor = x;
    for (int32_t n = (int32_t)magnitude_f32(y); n != 0; n >>= 1, factor *= factor)
      if ((n & 1) != 0) result *= factor;
    return y < 0 ? 1.0f / result : result;
  }
  if (!(x < 0)) return exp_f32(y * log_f32(x));
  /* A whole number of a magnitude where odd ones are rare. */
  if (floor_of(y) != y) return float_of_bits(0x7FC00000u);
  const float power = exp_f32(y * log_f32(-x));
  return floor_of(y * 0.5f) == y * 0.5f ? power : -power;
}
