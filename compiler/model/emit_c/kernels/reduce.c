/* start, then `take` for every x of what is reduced, then `finish`. */
#define REDUCE(name, type, wide, start, take, finish)                                                   \
  static void name(const type* in, const int32_t* kept, int32_t kept_rank, const int32_t* kept_steps,   \
                   const int32_t* dims, int32_t rank, const int32_t* steps, int32_t count, type* out) { \
    int32_t outer[8] = {0}, from = 0;                                                                   \
    (void)count;                                                                                        \
    do {                                                                                                \
      int32_t index[8] = {0}, at = from;                                                                \
      wide sum = start;                                                                                 \
      do {                                                                                              \
        const wide x = in[at];                                                                          \
        take;                                                                                           \
      } while (step_on(index, dims, rank, steps, &at, 1));                                              \
      *out++ = (type)(finish);                                                                          \
    } while (step_on(outer, kept, kept_rank, kept_steps, &from, 1));                                    \
  }
