/* One index an element: steps lead along the other axes, `step` along that of the indices. */
#define GATHER_ELEMENTS(name, type, index_type)                                                 \
  static void name(const type* x, const index_type* indices, const int32_t* dims, int32_t rank, \
                   const int32_t* steps, int32_t extent, int32_t step, type* out) {             \
    int32_t index[8] = {0}, at = 0;                                                             \
    do *out++ = x[at + index_within((int64_t)*indices++, extent) * step];                       \
    while (step_on(index, dims, rank, steps, &at, 1));                                          \
  }
/* Tuples of `width` indices, each of which names a run of bytes. */
#define GATHER_TUPLES(name, index_type)                                                                \
  static void name(const uint8_t* x, const index_type* indices, int32_t tuples, int32_t per_batch,     \
                   int32_t batch_bytes, int32_t width, const int32_t* dims, const int32_t* bytes,      \
                   int32_t run, uint8_t* out) {                                                        \
    for (int32_t i = 0; i < tuples; ++i, out += run) {                                                 \
      int32_t at = i / per_batch * batch_bytes;                                                        \
      for (int32_t k = 0; k < width; ++k) at += index_within((int64_t)*indices++, dims[k]) * bytes[k]; \
      memcpy(out, x + at, (size_t)run);                                                                \
    }                                                                                                  \
  }
