/* [outer, rows, columns] to [outer, columns, rows]. */
#define SWAP_AXES(name, type)                                                                         \
  static void name(const type* restrict x, int32_t outer, int32_t rows, int32_t columns,              \
                   type* restrict out) {                                                              \
    for (; outer > 0; --outer, x += rows * columns, out += rows * columns)                            \
      for (int32_t r0 = 0; r0 < rows; r0 += 16)                                                       \
        for (int32_t c = 0; c < columns; ++c)                                                         \
          for (int32_t r = r0; r < least(rows, r0 + 16); ++r) out[c * rows + r] = x[r * columns + c]; \
  }
