/* What a division towards zero leaves, with the sign of x: exact, one binary digit after the other. */
static float remainder_f32(float x, float y) {
  const float size = magnitude_f32(y);
  float rest = magnitude_f32(x);
  if (x != x || y != y) return x + y;
  if (!(rest < float_of_bits(0x7F800000u)) || size == 0) return float_of_bits(0x7FC00000u);
  if (size == float_of_bits(0x7F800000u)) return x;
  while (rest >= size) {
    /* The largest size * 2^n within rest: exponents differ by n, or by n + 1. Tiny sizes count up. */
    float part = size;
    const int32_t n = (int32_t)(bits_of_float(rest) >> 23) - (int32_t)(bits_of_float(size) >> 23);
    if (size >= 1.17549435e-38f && n > 0) {
      part = float_of_bits(bits_of_float(size) + ((uint32_t)n << 23));
      if (part > rest) part *= 0.5f;
    } else {
      while (part + part <= rest) part += part;
    }
    rest -= part;
  }
  return signed_as(rest, x);
}
/* The same with the sign of y. */
__attribute__((unused)) static float modulo_f32(float x, float y) {
  const float rest = remainder_f32(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}
