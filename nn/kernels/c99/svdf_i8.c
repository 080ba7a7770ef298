typedef struct {
  int32_t batch, inputs, filters, memory, rank;
} svdf_shape;

/* What one filter makes of the newest input, before it is scaled. */
static inline int32_t svdf_feature(const int8_t* x, int32_t x_zero, const int8_t* weights, int32_t inputs) {
  int32_t sum = 0;
  for (int32_t i = 0; i < inputs; ++i) sum += weights[i] * (x[i] - x_zero);
  return sum;
}
static inline int32_t svdf_within(int64_t x, int64_t low, int64_t high) {
  return (int32_t)(x < low ? low : x > high ? high : x);
}

/* svdf_f32 in TensorFlow Lite's integers: state and time weights of one type, whose range is [low, high],
 * factors rounded twice, a sum over time of 64 bits that saturates to 32. */
#define SVDF_INTEGERS(name, type, low, high)                                                              \
  static inline int64_t name##_sum(type* state, const type* time, int32_t memory, int32_t zero,           \
                                   int32_t newest) {                                                      \
    int64_t sum = 0;                                                                                      \
    for (int32_t m = 0; m + 1 < memory; ++m) {                                                            \
      state[m] = state[m + 1];                                                                            \
      sum += (int64_t)time[m] * (state[m] - zero);                                                        \
    }                                                                                                     \
    state[memory - 1] = (type)newest;                                                                     \
    return sum + (int64_t)time[memory - 1] * (newest - zero);                                             \
  }                                                                                                       \
  static void name(const svdf_shape* s, const int8_t* x, int32_t x_zero, const int8_t* feature,           \
                   const type* time, const int32_t* bias, int32_t zero, const int32_t* feature_factor,    \
                   const int32_t* out_factor, int32_t out_zero, type* state, int8_t* out) {               \
    for (int32_t n = 0; n < s->batch; ++n, x += s->inputs) {                                              \
      const int8_t* weights = feature;                                                                    \
      const type* moments = time;                                                                         \
      for (int32_t unit = 0; unit < s->filters / s->rank; ++unit) {                                       \
        int64_t total = bias[unit];                                                                       \
        for (int32_t r = 0; r < s->rank;                                                                  \
             ++r, weights += s->inputs, moments += s->memory, state += s->memory) {                       \
          const int32_t sum = svdf_feature(x, x_zero, weights, s->inputs);                                \
          const int32_t value = svdf_within(rescale_twice(sum, feature_factor), low, high);               \
          total +=                                                                                        \
              name##_sum(state, moments, s->memory, zero, svdf_within((int64_t)value + zero, low, high)); \
        }                                                                                                 \
        const int32_t sum = svdf_within(total, -(int64_t)2147483647 - 1, 2147483647);                     \
        *out++ = (int8_t)svdf_within((int64_t)rescale_twice(sum, out_factor) + out_zero, -128, 127);      \
      }                                                                                                   \
    }                                                                                                     \
  }
