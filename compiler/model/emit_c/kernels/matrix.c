/* The triangle of each matrix on one side of diagonal k, zeros on the other. */
#define TRILU(name, type)                                                                                 \
  static void name(const type* x, int32_t count, int32_t rows, int32_t columns, int32_t upper, int64_t k, \
                   type* out) {                                                                           \
    for (int32_t i = 0; i < count; ++i) {                                                                 \
      const int64_t distance = (int64_t)(i % columns) - i / columns % rows - k;                           \
      out[i] = (upper ? distance >= 0 : distance <= 0) ? x[i] : (type)0;                                  \
    }                                                                                                     \
  }
/* Ones on diagonal k. */
#define EYE(name, type)                                                                  \
  static void name(int32_t count, int32_t columns, int32_t k, type* out) {               \
    for (int32_t i = 0; i < count; ++i) out[i] = (type)(i % columns - i / columns == k); \
  }
/* One position of each column of `depth` holds values[1], the others values[0]; `index` is made of x. */
#define ONE_HOT(name, type, index_type, index)                                                  \
  static void name(const index_type* indices, const type* values, int32_t count, int32_t inner, \
                   int32_t depth, type* out) {                                                  \
    for (int32_t i = 0; i < count; ++i) {                                                       \
      const index_type x = indices[i / (inner * depth) * inner + i % inner];                    \
      int64_t hot = index;                                                                      \
      if (hot < 0) hot += depth;                                                                \
      out[i] = values[hot == i / inner % depth];                                                \
    }                                                                                           \
  }
/* x, x + y, x + 2 y, ... */
#define RANGE(name, type, expression)                                                \
  static void name(const type* start, const type* delta, int32_t count, type* out) { \
    const type x = *start, y = *delta;                                               \
    for (int32_t i = 0; i < count; ++i) out[i] = (type)(expression);                 \
  }
