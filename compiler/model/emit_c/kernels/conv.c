/* Convolution of [N, C, ...] with weights [O, C / groups, ...], and the transposed one with [C, O / groups,
   ...]; sums are taken in `wide`. */
#define CONV(name, type, wide)                                                                            \
  static void name(const windows* w, const type* x, int32_t batch, int32_t channels, const type* weights, \
                   int32_t out_channels, int32_t depth, type* out) {                                      \
    const int32_t per_group = out_channels / (channels / depth);                                          \
    for (int32_t n = 0; n < batch; ++n, x += channels * w->image)                                         \
      for (int32_t channel = 0; channel < out_channels; ++channel)                                        \
        for (int32_t position = 0; position < w->positions; ++position) {                                 \
          const type* const planes = x + channel / per_group * depth * w->image;                          \
          const type* const taps = weights + channel * depth * w->taps;                                   \
          wide sum = 0;                                                                                   \
          for (int32_t tap = 0; tap < w->taps; ++tap) {                                                   \
            const int32_t at = windows_at(w, position, tap);                                              \
            if (at < 0) continue;                                                                         \
            for (int32_t c = 0; c < depth; ++c)                                                           \
              sum += (wide)planes[c * w->image + at] * (wide)taps[c * w->taps + tap];                     \
          }                                                                                               \
          *out++ = (type)sum;                                                                             \
        }                                                                                                 \
  }
/* Here the windows lie on the output: `positions` are those of the input. */
#define CONV_TRANSPOSE(name, type, wide)                                                                    \
  static void name(const windows* w, const type* x, int32_t batch, int32_t channels, const type* weights,   \
                   int32_t per_group, int32_t depth, type* out) {                                           \
    const int32_t out_channels = channels / depth * per_group;                                              \
    memset(out, 0, (size_t)(batch * out_channels * w->image) * sizeof(type));                               \
    for (int32_t n = 0; n < batch; ++n, out += out_channels * w->image)                                     \
      for (int32_t channel = 0; channel < channels; ++channel)                                              \
        for (int32_t position = 0; position < w->positions; ++position) {                                   \
          const wide value = (wide) * x++;                                                                  \
          for (int32_t tap = 0; tap < w->taps; ++tap) {                                                     \
            const int32_t at = windows_at(w, position, tap);                                                \
            if (at < 0) continue;                                                                           \
            for (int32_t o = 0; o < per_group; ++o) {                                                       \
              type* const to = out + (channel / depth * per_group + o) * w->image + at;                     \
              *to = (type)((wide) * to + value * (wide)weights[(channel * per_group + o) * w->taps + tap]); \
            }                                                                                               \
          }                                                                                                 \
        }                                                                                                   \
  }
