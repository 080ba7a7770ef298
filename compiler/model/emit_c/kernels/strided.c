/* Moves `count` positions on by their steps along each axis, [operand, axis]; 0 behind the last element. */
static inline int32_t step_on(int32_t* index, const int32_t* dims, int32_t rank, const int32_t* steps,
                              int32_t* at, int32_t count) {
  for (int32_t axis = rank; axis-- > 0;) {
    for (int32_t n = 0; n < count; ++n) at[n] += steps[n * rank + axis];
    if (++index[axis] < dims[axis]) return 1;
    for (int32_t n = 0; n < count; ++n) at[n] -= steps[n * rank + axis] * index[axis];
    index[axis] = 0;
  }
  return 0;
}
/* x and y are elements of a and b, which broadcast by steps of 0. */
#define BINARY_STRIDED(name, type, other, to, expression)                                                  \
  static void name(const type* a, const other* b, const int32_t* dims, int32_t rank, const int32_t* steps, \
                   to* out) {                                                                              \
    int32_t index[8] = {0}, at[2] = {0};                                                                   \
    do {                                                                                                   \
      const type x = a[at[0]];                                                                             \
      const other y = b[at[1]];                                                                            \
      *out++ = (to)(expression);                                                                           \
    } while (step_on(index, dims, rank, steps, at, 2));                                                    \
  }
#define WHERE(name, type)                                                                             \
  static void name(const uint8_t* c, const type* a, const type* b, const int32_t* dims, int32_t rank, \
                   const int32_t* steps, type* out) {                                                 \
    int32_t index[8] = {0}, at[3] = {0};                                                              \
    do *out++ = c[at[0]] ? a[at[1]] : b[at[2]];                                                       \
    while (step_on(index, dims, rank, steps, at, 3));                                                 \
  }
