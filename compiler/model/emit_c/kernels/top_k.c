/* Indices of the `wanted` best of each row, best first, the lower index first among equals: an insertion
 * sort. */
#define TOP_K(name, type, better)                                                               \
  static void name(const type* in, int32_t rows, int32_t extent, int32_t inner, int32_t wanted, \
                   int64_t* out) {                                                              \
    for (int32_t row = 0; row < rows * inner; ++row) {                                          \
      const type* const values = in + row / inner * extent * inner + row % inner;               \
      int64_t* const chosen = out + row / inner * wanted * inner + row % inner;                 \
      int32_t held = 0;                                                                         \
      for (int32_t i = 0; i < extent; ++i) {                                                    \
        const type x = values[i * inner];                                                       \
        int32_t place = held;                                                                   \
        for (; place > 0; --place) {                                                            \
          const type y = values[(int32_t)chosen[(place - 1) * inner] * inner];                  \
          if (!(better)) break;                                                                 \
        }                                                                                       \
        if (place == wanted) continue;                                                          \
        if (held < wanted) ++held;                                                              \
        for (int32_t k = held - 1; k > place; --k) chosen[k * inner] = chosen[(k - 1) * inner]; \
        chosen[place * inner] = i;                                                              \
      }                                                                                         \
    }                                                                                           \
  }
