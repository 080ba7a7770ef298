/* Channel by channel inside, so that neighbouring ones go together. */
#define MAX_POOL_SIMD(name, type)                                                                           \
  static void name(const window* s, const type* restrict x, type low, type high, type* restrict out) {      \
    const int32_t channels = s->in_c;                                                                       \
    for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * channels)                  \
      for (int32_t pixel = 0; pixel < s->out_h * s->out_w; ++pixel, out += channels) {                      \
        const position at = position_of(s, pixel);                                                          \
        const int32_t r0 = first_tap(at.y, s->dilation_h), c0 = first_tap(at.x, s->dilation_w);             \
        const int32_t r1 = last_tap(at.y, s->dilation_h, s->kernel_h, s->in_h);                             \
        const int32_t c1 = last_tap(at.x, s->dilation_w, s->kernel_w, s->in_w);                             \
        for (int32_t r = r0; r < r1; ++r)                                                                   \
          for (int32_t c = c0; c < c1; ++c) {                                                               \
            const type* from =                                                                              \
                x + ((at.y + r * s->dilation_h) * s->in_w + at.x + c * s->dilation_w) * channels;           \
            if (r == r0 && c == c0)                                                                         \
              memcpy(out, from, (size_t)channels * sizeof(type));                                           \
            else                                                                                            \
              for (int32_t o = 0; o < channels; ++o) out[o] = from[o] > out[o] ? from[o] : out[o];          \
          }                                                                                                 \
        for (int32_t o = 0; o < channels; ++o) out[o] = out[o] < low ? low : out[o] > high ? high : out[o]; \
      }                                                                                                     \
  }
/* sums[o] += what a pixel has there, for up to `sum_group` channels. */
enum { sum_group = 64 };
#define ADD_PIXEL(name, type, sum_type)                                                 \
  static void name(const type* restrict x, int32_t channels, sum_type* restrict sums) { \
    for (int32_t o = 0; o < channels; ++o) sums[o] += x[o];                             \
  }
ADD_PIXEL(add_pixel_i8, int8_t, int32_t)
ADD_PIXEL(add_pixel_f32, float, float)
/* See AVERAGE_POOL, whose quotients these are. */
#define AVERAGE_POOL_SIMD(name, type, sum_type, add_pixel, QUOTIENT)                                   \
  static void name(const window* s, const type* x, int counts_padding, type zero, type low, type high, \
                   type* out) {                                                                        \
    for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)              \
      for (int32_t pixel = 0; pixel < s->out_h * s->out_w; ++pixel, out += s->in_c) {                  \
        const position at = position_of(s, pixel);                                                     \
        const int32_t r0 = first_tap(at.y, 1), r1 = last_tap(at.y, 1, s->kernel_h, s->in_h);           \
        const int32_t c0 = first_tap(at.x, 1), c1 = last_tap(at.x, 1, s->kernel_w, s->in_w);           \
        const int32_t inside = (r1 - r0) * (c1 - c0),                                                  \
                      count = counts_padding ? s->kernel_h * s->kernel_w : inside;                     \
        for (int32_t first = 0; first < s->in_c; first += sum_group) {                                 \
          sum_type sums[sum_group];                                                                    \
          const int32_t group = least(sum_group, s->in_c - first);                                     \
          for (int32_t o = 0; o < group; ++o) sums[o] = (sum_type)(count - inside) * zero;             \
          for (int32_t r = r0; r < r1; ++r)                                                            \
            for (int32_t c = c0; c < c1; ++c)                                                          \
              add_pixel(x + ((at.y + r) * s->in_w + at.x + c) * s->in_c + first, group, sums);         \
          for (int32_t o = 0; o < group; ++o) {                                                        \
            const type value = (type)QUOTIENT(sums[o], count);                                         \
            out[first + o] = value < low ? low : value > high ? high : value;                          \
          }                                                                                            \
        }                                                                                              \
      }                                                                                                \
  }
