#define CAST(name, from, to)                                \
  static void name(const from* x, int32_t count, to* out) { \
    for (int32_t i = 0; i < count; ++i) out[i] = (to)x[i];  \
  }
/* What does not fit saturates, NaN is 0. */
#define CAST_REAL(name, from, to, low, high)                \
  static void name(const from* x, int32_t count, to* out) { \
    for (int32_t i = 0; i < count; ++i) {                   \
      const double value = x[i];                            \
      out[i] = value != value            ? 0                \
               : value <= (double)(low)  ? low              \
               : value >= (double)(high) ? high             \
                                         : (to)value;       \
    }                                                       \
  }
#define CAST_TRUE(name, from)                                    \
  static void name(const from* x, int32_t count, uint8_t* out) { \
    for (int32_t i = 0; i < count; ++i) out[i] = x[i] != 0;      \
  }
#define CAST_NOT(name)                                              \
  static void name(const uint8_t* x, int32_t count, uint8_t* out) { \
    for (int32_t i = 0; i < count; ++i) out[i] = x[i] == 0;         \
  }
