/* As GATHER_ELEMENTS, the other way: x is what is there, y what comes. */
#define SCATTER_ELEMENTS(name, type, index_type, expression)                                          \
  static void name(const index_type* indices, const type* updates, const int32_t* dims, int32_t rank, \
                   const int32_t* steps, int32_t extent, int32_t step, type* out) {                   \
    int32_t index[8] = {0}, at = 0;                                                                   \
    do {                                                                                              \
      type* const to = out + at + index_within((int64_t)*indices++, extent) * step;                   \
      const type x = *to, y = *updates++;                                                             \
      (void)x;                                                                                        \
      *to = (type)(expression);                                                                       \
    } while (step_on(index, dims, rank, steps, &at, 1));                                              \
  }
#define SCATTER_TUPLES(name, type, index_type, expression)                                             \
  static void name(const index_type* indices, const type* updates, int32_t tuples, int32_t width,      \
                   const int32_t* dims, const int32_t* steps, int32_t run, type* out) {                \
    for (int32_t i = 0; i < tuples; ++i) {                                                             \
      type* to = out;                                                                                  \
      for (int32_t k = 0; k < width; ++k) to += index_within((int64_t)*indices++, dims[k]) * steps[k]; \
      for (int32_t k = 0; k < run; ++k, ++to) {                                                        \
        const type x = *to, y = *updates++;                                                            \
        (void)x;                                                                                       \
        *to = (type)(expression);                                                                      \
      }                                                                                                \
    }                                                                                                  \
  }
