/* Turns round the first lengths[b] elements along one axis, b along another; steps in elements. */
#define REVERSE_SEQUENCE(name, type, length_type)                                          \
  static void name(const type* x, const length_type* lengths, int32_t count, int32_t time, \
                   int32_t time_step, int32_t batch, int32_t batch_step, type* out) {      \
    for (int32_t i = 0; i < count; ++i) {                                                  \
      const int64_t length = (int64_t)lengths[i / batch_step % batch];                     \
      const int32_t at = i / time_step % time;                                             \
      const int32_t from = length <= time && at < length ? (int32_t)length - 1 - at : at;  \
      out[i] = x[i + (from - at) * time_step];                                             \
    }                                                                                      \
  }
