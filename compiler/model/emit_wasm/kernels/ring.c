/* A depthwise kernel reads its rows from a ring of whole, padded rows with channels rounded up to eight: no
 * window meets an edge. */
typedef struct {
  int32_t rows, columns, channels, next;
} ring;
INLINE ring ring_of(const window* s) {
  const ring made = {(s->kernel_h - 1) * s->dilation_h + 1,
                     (s->out_w - 1) * s->stride_w + (s->kernel_w - 1) * s->dilation_w + 1,
                     (s->in_c + 7) / 8 * 8, 0};
  return made;
}
enum { most_taps = 64 };
/* Where each tap of output row y begins in the ring, in elements; the tap after the last is the last once
 * more. */
INLINE void find_taps(const window* s, const ring* r, int32_t y, int32_t* taps) {
  int32_t count = 0;
  for (int32_t row = 0; row < s->kernel_h; ++row)
    for (int32_t column = 0; column < s->kernel_w; ++column)
      taps[count++] =
          ((y * s->stride_h + row * s->dilation_h) % r->rows * r->columns + column * s->dilation_w) *
          r->channels;
  taps[count] = taps[count - 1];
}
