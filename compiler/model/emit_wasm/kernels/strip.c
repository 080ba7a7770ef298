/* The windows of `count` output pixels from `first` on, row by row, which a matrix product then reads. */
typedef struct {
  int32_t y, x;
} position;
INLINE position position_of(const window* s, int32_t pixel) {
  const position at = {pixel / s->out_w * s->stride_h - s->pad_top,
                       pixel % s->out_w * s->stride_w - s->pad_left};
  return at;
}
INLINE int is_matrix(const window* s) {
  return s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 && s->pad_top == 0 &&
         s->pad_left == 0 && s->out_h == s->in_h && s->out_w == s->in_w;
}
