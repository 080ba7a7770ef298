/* x / scale rounded half to even, saturated; adding 1.5 * 2^23 leaves the nearest integer on any float unit.
 */
static int8_t quantize_value(float x, float scale, int32_t zero) {
  volatile float q = x / scale;
  if (!(q > -1024.0f)) q = -1024.0f;
  if (q > 1024.0f) q = 1024.0f;
  volatile float shifted = q + 12582912.0f;
  const int32_t value = (int32_t)(shifted - 12582912.0f) + zero;
  return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}
