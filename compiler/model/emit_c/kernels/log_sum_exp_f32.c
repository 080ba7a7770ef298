/* The largest element is taken out of every sum, so that no power overflows. */
static void log_sum_exp_f32(const float* in, const int32_t* kept, int32_t kept_rank,
                            const int32_t* kept_steps, const int32_t* dims, int32_t rank,
                            const int32_t* steps, int32_t count, float* out) {
  int32_t outer[8] = {0}, from = 0;
  (void)count;
  do {
    int32_t index[8] = {0}, at = from;
    float top = float_of_bits(0xFF800000u);
    do top = in[at] > top || in[at] != in[at] ? in[at] : top;
    while (step_on(index, dims, rank, steps, &at, 1));
    double sum = 0;
    at = from; /* and all indices are 0 again */
    do sum += exp_below(in[at], top);
    while (step_on(index, dims, rank, steps, &at, 1));
    *out++ = (float)((double)top + log_of_sum(sum));
  } while (step_on(outer, kept, kept_rank, kept_steps, &from, 1));
}
