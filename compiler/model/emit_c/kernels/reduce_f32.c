/* start, then `take` for every x of what is reduced, then `finish`; sums are doubles. */
#define REDUCE_F32(name, start, take, finish)                                                            \
  static void name(const float* in, const int32_t* kept, int32_t kept_rank, const int32_t* kept_steps,   \
                   const int32_t* dims, int32_t rank, const int32_t* steps, int32_t count, float* out) { \
    int32_t outer[8] = {0}, from = 0;                                                                    \
    (void)count;                                                                                         \
    do {                                                                                                 \
      int32_t index[8] = {0}, at = from;                                                                 \
      double sum = start;                                                                                \
      do {                                                                                               \
        const double x = in[at];                                                                         \
        take;                                                                                            \
      } while (step_on(index, dims, rank, steps, &at, 1));                                               \
      *out++ = (float)(finish);                                                                          \
    } while (step_on(outer, kept, kept_rank, kept_steps, &from, 1));                                     \
  }
