/* IEEE 754 binary16 as its bits; the way back rounds half to even. */
__attribute__((unused)) static float float_of_half(uint16_t half) {
  const uint32_t sign = (uint32_t)half >> 15 << 31, exponent = half >> 10 & 31, mantissa = half & 1023;
  uint32_t bits = sign | (exponent + 112) << 23 | mantissa << 13;
  if (exponent == 31) bits = sign | 0x7F800000u | mantissa << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  if (exponent != 0) return value;
  const float tiny = (float)mantissa * 5.9604644775390625e-8f;
  return sign != 0 ? -tiny : tiny;
}
__attribute__((unused)) static uint16_t half_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);
  if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00);
  if (magnitude < 0x38800000) {
    const float scaled = (value < 0 ? -value : value) * 16777216.0f;
    volatile float rounded = scaled + 8388608.0f;
    return (uint16_t)(sign | (uint32_t)(rounded - 8388608.0f));
  }
  return (uint16_t)(sign | (((magnitude + 0xFFF + (magnitude >> 13 & 1)) >> 13) - (112 << 10)));
}
/* bfloat16: the upper half of a float; likewise. */
__attribute__((unused)) static float float_of_bfloat(uint16_t half) {
  const uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
__attribute__((unused)) static uint16_t bfloat_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
