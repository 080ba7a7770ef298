/* Elements of an axis of `extent` scales lie `inner` apart. Rounds half to even, saturates; NaN is 0. */
#define QUANTIZE_BY(name, from, type, low, high)                                                        \
  static void name(const from* x, const float* scales, const type* zeros, int32_t count, int32_t inner, \
                   int32_t extent, type* out) {                                                         \
    for (int32_t i = 0; i < count; ++i) {                                                               \
      const int32_t at = i / inner % extent;                                                            \
      const double value = (double)nearest_of((float)x[i] / scales[at]) + (double)zeros[at];            \
      out[i] = value != value            ? 0                                                            \
               : value <= (double)(low)  ? low                                                          \
               : value >= (double)(high) ? high                                                         \
                                         : (type)value;                                                 \
    }                                                                                                   \
  }
#define DEQUANTIZE_BY(name, type)                                                                       \
  static void name(const type* x, const float* scales, const type* zeros, int32_t count, int32_t inner, \
                   int32_t extent, float* out) {                                                        \
    for (int32_t i = 0; i < count; ++i) {                                                               \
      const int32_t at = i / inner % extent;                                                            \
      out[i] = (float)((int64_t)x[i] - (int64_t)zeros[at]) * scales[at];                                \
    }                                                                                                   \
  }
