#define CAST(name, from, to)                                \
  static void name(const from* x, int32_t count, to* out) { \
    for (int32_t i = 0; i < count; ++i) out[i] = (to)x[i];  \
  }
