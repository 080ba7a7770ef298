/* `zero` is what padding counts as where it counts; QUOTIENT(sum, count) rounds as the type does. */
#define AVERAGE_POOL(name, type, sum_type, QUOTIENT)                                                      \
  static void name(const window* s, const type* x, int counts_padding, type zero, type low, type high,    \
                   type* out) {                                                                           \
    for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)                 \
      for (int32_t oy = 0; oy < s->out_h; ++oy)                                                           \
        for (int32_t ox = 0; ox < s->out_w; ++ox) {                                                       \
          const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;       \
          const int32_t r0 = first_tap(top, 1), r1 = last_tap(top, 1, s->kernel_h, s->in_h);              \
          const int32_t c0 = first_tap(left, 1), c1 = last_tap(left, 1, s->kernel_w, s->in_w);            \
          const int32_t inside = (r1 - r0) * (c1 - c0),                                                   \
                        count = counts_padding ? s->kernel_h * s->kernel_w : inside;                      \
          for (int32_t o = 0; o < s->in_c; ++o) {                                                         \
            sum_type sum = (sum_type)(count - inside) * zero;                                             \
            for (int32_t r = r0; r < r1; ++r)                                                             \
              for (int32_t c = c0; c < c1; ++c) sum += x[((top + r) * s->in_w + left + c) * s->in_c + o]; \
            const type value = (type)QUOTIENT(sum, count);                                                \
            *out++ = value < low ? low : value > high ? high : value;                                     \
          }                                                                                               \
        }                                                                                                 \
  }
#define REAL_QUOTIENT(sum, count) ((sum) / (float)(count))
/* To the nearest, halves away from zero; halves up. */
#define NEAREST_QUOTIENT(sum, count) (((sum) >= 0 ? (sum) + (count) / 2 : (sum) - (count) / 2) / (count))
#define UPWARD_QUOTIENT(sum, count) (((sum) + (count) / 2 + (count) * 256) / (count) - 256)
