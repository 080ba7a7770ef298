/* From one scale to another where int16 or int32 is among them, within the range of `to`. */
#define REQUANTIZE_WIDE(name, from, to, low, high)                                                          \
  static void name(const from* x, int32_t count, int32_t from_zero, const int32_t* factor, int32_t to_zero, \
                   to* out) {                                                                               \
    for (int32_t i = 0; i < count; ++i) {                                                                   \
      const int64_t value = (int64_t)rescale_twice((int32_t)(x[i] - from_zero), factor) + to_zero;          \
      out[i] = (to)(value<(low) ? (low) : value>(high) ? (high) : value);                                   \
    }                                                                                                       \
  }
