/* Runs of bytes by their index along one axis. */
#define GATHER(name, type)                                                                              \
  static void name(const uint8_t* x, int32_t rows, int32_t extent, int32_t run, const type* indices,    \
                   int32_t count, uint8_t* out) {                                                       \
    for (int32_t row = 0; row < rows; ++row)                                                            \
      for (int32_t i = 0; i < count; ++i, out += run)                                                   \
        memcpy(out, x + (row * extent + index_within((int64_t)indices[i], extent)) * run, (size_t)run); \
  }
