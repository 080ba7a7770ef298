/* Windows over up to four spatial axes of [N, C, ...]. */
struct windows {
  int32_t axes, in[4], out[4], kernel[4], stride[4], dilation[4], begin[4], end[4], taps, image, positions;
};
typedef struct windows windows;
/* The element under a tap of the window at a position; -1 outside the image, -2 behind the padding too. */
__attribute__((unused)) static int32_t windows_at(const windows* w, int32_t position, int32_t tap) {
  int32_t at = 0, scale = 1, outside = 0;
  for (int32_t i = w->axes; i-- > 0;) {
    const int32_t x = position % w->out[i] * w->stride[i] + tap % w->kernel[i] * w->dilation[i] - w->begin[i];
    position /= w->out[i];
    tap /= w->kernel[i];
    if (x >= w->in[i] + w->end[i]) return -2;
    if (x < 0 || x >= w->in[i]) outside = 1;
    at += x * scale;
    scale *= w->in[i];
  }
  return outside ? -1 : at;
}
