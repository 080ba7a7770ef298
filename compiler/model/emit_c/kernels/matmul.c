/* [rows, depth] x [depth, columns]; `steps` say where each of the batch's matrices lie. */
#define MATMUL(name, type, wide)                                                               \
  static void name(const type* a, const type* b, int32_t rows, int32_t depth, int32_t columns, \
                   const int32_t* dims, int32_t rank, const int32_t* steps, type* out) {       \
    int32_t index[8] = {0}, at[2] = {0};                                                       \
    do {                                                                                       \
      for (int32_t i = 0; i < rows; ++i)                                                       \
        for (int32_t j = 0; j < columns; ++j) {                                                \
          wide sum = 0;                                                                        \
          for (int32_t k = 0; k < depth; ++k)                                                  \
            sum += (wide)a[at[0] + i * depth + k] * (wide)b[at[1] + k * columns + j];          \
          *out++ = (type)sum;                                                                  \
        }                                                                                      \
    } while (step_on(index, dims, rank, steps, at, 2));                                        \
  }
