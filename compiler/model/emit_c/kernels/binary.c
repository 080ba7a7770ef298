/* x and y are elements of a and b, each repeated along the output. */
#define BINARY(name, type, expression)                                                            \
  static void name(const type* a, int32_t a_count, const type* b, int32_t b_count, int32_t count, \
                   type* out) {                                                                   \
    for (int32_t i = 0; i < count; ++i) {                                                         \
      const type x = a[i % a_count], y = b[i % b_count];                                          \
      out[i] = (type)(expression);                                                                \
    }                                                                                             \
  }
