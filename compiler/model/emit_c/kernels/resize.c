/* The elements that make one along an axis, [extent, taps]: how far on, with which weight. */
struct resize_axis {
  int32_t taps;
  const int32_t* at;
  const double* weights;
};
typedef struct resize_axis resize_axis;
/* floor(value + 1/2) */
__attribute__((unused)) static int64_t nearest_whole(double value) {
  value += 0.5;
  if (!(value > -9.2e18)) return value <= -9.2e18 ? (int64_t)-9.2e18 : 0;
  const int64_t whole = (int64_t)(value < 9.2e18 ? value : 9.2e18);
  return (double)whole > value ? whole - 1 : whole;
}
#define RESIZE(name, type, stored)                                                                         \
  static double name##_of(const type* x, const resize_axis* axis, const int32_t* index, int32_t rank) {    \
    if (rank == 0) return (double)*x;                                                                      \
    double sum = 0;                                                                                        \
    for (int32_t k = *index * axis->taps, end = k + axis->taps; k < end; ++k)                              \
      if (axis->weights[k] != 0)                                                                           \
        sum += axis->weights[k] * name##_of(x + axis->at[k], axis + 1, index + 1, rank - 1);               \
    return sum;                                                                                            \
  }                                                                                                        \
  static void name(const type* x, const resize_axis* axes, const int32_t* dims, int32_t rank, type* out) { \
    int32_t index[8] = {0};                                                                                \
    for (;;) {                                                                                             \
      const double value = name##_of(x, axes, index, rank);                                                \
      int32_t axis = rank;                                                                                 \
      *out++ = (type)(stored);                                                                             \
      while (axis > 0 && ++index[axis - 1] == dims[axis - 1]) index[--axis] = 0;                           \
      if (axis == 0) return;                                                                               \
    }                                                                                                      \
  }
