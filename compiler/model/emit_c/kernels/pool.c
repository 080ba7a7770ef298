/* The largest element of each window, or its number in the input, column by column where columns go first. */
#define POOL_MAXIMUM(name, type, lowest)                                         \
  static void name(const windows* w, const type* x, int32_t planes, type* out) { \
    for (int32_t plane = 0; plane < planes; ++plane, x += w->image)              \
      for (int32_t position = 0; position < w->positions; ++position) {          \
        type best = lowest;                                                      \
        int32_t first = 1;                                                       \
        for (int32_t tap = 0; tap < w->taps; ++tap) {                            \
          const int32_t at = windows_at(w, position, tap);                       \
          if (at < 0 || !(first || x[at] > best || x[at] != x[at])) continue;    \
          best = x[at];                                                          \
          first = 0;                                                             \
        }                                                                        \
        *out++ = best;                                                           \
      }                                                                          \
  }
#define POOL_INDEX(name, type)                                                                       \
  static void name(const windows* w, const type* x, int32_t planes, int32_t columns, int64_t* out) { \
    for (int32_t plane = 0; plane < planes; ++plane, x += w->image)                                  \
      for (int32_t position = 0; position < w->positions; ++position) {                              \
        int32_t best = -1, place = 0, scale = 1;                                                     \
        for (int32_t tap = 0; tap < w->taps; ++tap) {                                                \
          const int32_t at = windows_at(w, position, tap);                                           \
          if (at >= 0 && (best < 0 || x[at] > x[best] || x[at] != x[at])) best = at;                 \
        }                                                                                            \
        if (best < 0) best = 0;                                                                      \
        if (!columns) {                                                                              \
          place = best;                                                                              \
        } else {                                                                                     \
          int32_t inner = w->image;                                                                  \
          for (int32_t i = 0; i < w->axes; ++i) {                                                    \
            inner /= w->in[i];                                                                       \
            place += best / inner % w->in[i] * scale;                                                \
            scale *= w->in[i];                                                                       \
          }                                                                                          \
        }                                                                                            \
        *out++ = (int64_t)plane * w->image + place;                                                  \
      }                                                                                              \
  }
#define POOL_AVERAGE(name, type)                                                                  \
  static void name(const windows* w, const type* x, int32_t planes, int32_t padding, type* out) { \
    for (int32_t plane = 0; plane < planes; ++plane, x += w->image)                               \
      for (int32_t position = 0; position < w->positions; ++position) {                           \
        double sum = 0;                                                                           \
        int32_t count = 0;                                                                        \
        for (int32_t tap = 0; tap < w->taps; ++tap) {                                             \
          const int32_t at = windows_at(w, position, tap);                                        \
          if (at >= 0) sum += (double)x[at];                                                      \
          count += at >= 0 || (at == -1 && padding);                                              \
        }                                                                                         \
        *out++ = (type)(sum / (count == 0 ? 1 : count));                                          \
      }                                                                                           \
  }
#define UNPOOL(name, type)                                                                            \
  static void name(const type* x, const int64_t* indices, int32_t values, int32_t count, type* out) { \
    memset(out, 0, (size_t)count * sizeof(type));                                                     \
    for (int32_t i = 0; i < values; ++i)                                                              \
      if (indices[i] >= 0 && indices[i] < count) out[indices[i]] = x[i];                              \
  }
