/* x / scale to the nearest, half away from zero, plus the zero point, within the range of `to`; NaN gives the
 * lowest. */
#define QUANTIZE_WIDE(name, to, low, high)                                              \
  static void name(const float* x, int32_t count, float scale, int32_t zero, to* out) { \
    const float beyond = 4294967296.0f; /* saturates with every zero point */           \
    for (int32_t i = 0; i < count; ++i) {                                               \
      float q = x[i] / scale;                                                           \
      if (!(q > -beyond)) q = -beyond;                                                  \
      if (q > beyond) q = beyond;                                                       \
      int64_t value = (int64_t)q;                                                       \
      const float rest = q - (float)value; /* exact */                                  \
      value += rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0;                               \
      value += zero;                                                                    \
      out[i] = (to)(value<(low) ? (low) : value>(high) ? (high) : value);               \
    }                                                                                   \
  }
