/* One filter of a layer whose weights are split into features and time: it forgets its oldest value,
 * remembers `newest`, and yields the sum of all by their weights. */
static inline float svdf_sum_f32(float* state, const float* time, int32_t memory, float newest) {
  float sum = 0;
  for (int32_t m = 0; m + 1 < memory; ++m) {
    state[m] = state[m + 1];
    sum += time[m] * state[m];
  }
  state[memory - 1] = newest;
  return sum + time[memory - 1] * newest;
}

/* Every filter multiplies the input; `rank` filters make one output. The state is [batch, filters, memory],
 * oldest value first. */
static void svdf_f32(const float* x, int32_t batch, int32_t inputs, int32_t filters, int32_t memory,
                     int32_t rank, const float* feature, const float* time, const float* bias, float low,
                     float high, float* state, float* out) {
  for (; batch > 0; --batch, x += inputs) {
    const float *weights = feature, *moments = time;
    for (int32_t unit = 0; unit < filters / rank; ++unit) {
      float total = bias[unit];
      for (int32_t r = 0; r < rank; ++r, weights += inputs, moments += memory, state += memory) {
        float newest = 0;
        for (int32_t i = 0; i < inputs; ++i) newest += weights[i] * x[i];
        total += svdf_sum_f32(state, moments, memory, newest);
      }
      *out++ = total < low ? low : total > high ? high : total;
    }
  }
}
