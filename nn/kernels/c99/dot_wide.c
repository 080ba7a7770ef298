static inline int64_t dot_wide(const int16_t* x, const int8_t* w, int32_t count) {
  int64_t sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += (int64_t)x[i] * w[i];
  return sum;
}
/* What a 16-bit layer's sums begin with; int64_t at any alignment. */
static inline int64_t bias_wide(const void* bias, int32_t channel) {
  int64_t value;
  memcpy(&value, (const uint8_t*)bias + 8 * channel, sizeof value);
  return value;
}
