/* `value` is made of x[i]. */
#define CAST(name, from, to, value)                         \
  static void name(const from* x, int32_t count, to* out) { \
    for (int32_t i = 0; i < count; ++i) out[i] = value;     \
  }
/* What does not fit saturates, NaN is 0. */
#define CAST_REAL(name, from, to, real, low, high)          \
  static void name(const from* x, int32_t count, to* out) { \
    for (int32_t i = 0; i < count; ++i) {                   \
      const double value = real;                            \
      out[i] = value != value            ? 0                \
               : value <= (double)(low)  ? low              \
               : value >= (double)(high) ? high             \
                                         : (to)value;       \
    }                                                       \
  }
/* f(x) for an element x. */
#define UNARY(name, from, to, expression)                          \
  static void name(const from* elements, int32_t count, to* out) { \
    for (int32_t i = 0; i < count; ++i) {                          \
      const from x = elements[i];                                  \
      out[i] = (to)(expression);                                   \
    }                                                              \
  }
