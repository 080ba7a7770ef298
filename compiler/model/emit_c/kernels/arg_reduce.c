/* Where the best element of each row is, whose elements lie `inner` apart; x is a candidate, y the best so
 * far. */
#define ARG_REDUCE(name, type, better)                                                           \
  static void name(const type* in, int32_t count, int32_t inner, int32_t extent, int64_t* out) { \
    for (int32_t i = 0; i < count; ++i) {                                                        \
      const type* const row = in + i / inner * extent * inner + i % inner;                       \
      int32_t best = 0;                                                                          \
      for (int32_t k = 1; k < extent; ++k) {                                                     \
        const type x = row[k * inner], y = row[best * inner];                                    \
        if (better) best = k;                                                                    \
      }                                                                                          \
      out[i] = best;                                                                             \
    }                                                                                            \
  }
