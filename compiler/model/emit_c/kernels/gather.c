/* Runs of bytes by their index along one axis; a negative index counts from the end. */
#define GATHER(name, type)                                                                           \
  static void name(const uint8_t* x, int32_t rows, int32_t extent, int32_t run, const type* indices, \
                   int32_t count, uint8_t* out) {                                                    \
    for (int32_t row = 0; row < rows; ++row)                                                         \
      for (int32_t i = 0; i < count; ++i, out += run) {                                              \
        const int64_t index = indices[i] < 0 ? (int64_t)indices[i] + extent : (int64_t)indices[i];   \
        const int32_t at = index < 0 ? 0 : index >= extent ? extent - 1 : (int32_t)index;            \
        memcpy(out, x + (row * extent + at) * run, (size_t)run);                                     \
      }                                                                                              \
  }
