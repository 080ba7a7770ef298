/* Running sums along the axis that `axis` names; exclusive ones leave out the element they stand at. */
#define CUMULATIVE_SUM(name, type, wide)                                                              \
  static void name(const type* x, int64_t axis, const int32_t* dims, int32_t rank, int32_t exclusive, \
                   int32_t backwards, type* out) {                                                    \
    if (axis < 0) axis += rank;                                                                       \
    if (axis < 0 || axis >= rank) axis = 0;                                                           \
    int32_t rows = 1, inner = 1;                                                                      \
    for (int32_t i = 0; i < rank; ++i)                                                                \
      if (i < axis)                                                                                   \
        rows *= dims[i];                                                                              \
      else if (i > axis)                                                                              \
        inner *= dims[i];                                                                             \
    const int32_t extent = dims[axis];                                                                \
    for (int32_t row = 0; row < rows * inner; ++row) {                                                \
      wide sum = 0;                                                                                   \
      for (int32_t k = 0; k < extent; ++k) {                                                          \
        const int32_t place = backwards ? extent - 1 - k : k;                                         \
        const int32_t at = (row / inner * extent + place) * inner + row % inner;                      \
        const wide value = (wide)x[at];                                                               \
        if (!exclusive) sum += value;                                                                 \
        out[at] = (type)sum;                                                                          \
        if (exclusive) sum += value;                                                                  \
      }                                                                                               \
    }                                                                                                 \
  }
