/* `patch` holds a whole window, padding at the input's zero point; unused where a window is one pixel. */
static void conv2d_i8(const window* s, const int8_t* x, int32_t x_zero, const int8_t* w, const int32_t* bias,
                      const int32_t* factors, int32_t zero, int32_t low, int32_t high, int8_t* patch,
                      int8_t* out) {
  const int32_t row_bytes = s->kernel_w * s->in_c, depth = s->kernel_h * row_bytes;
  const int pointwise = depth == s->in_c && s->pad_top == 0 && s->pad_left == 0;
  for (int32_t image = 0; image < s->images; ++image, x += s->in_h * s->in_w * s->in_c)
    for (int32_t oy = 0; oy < s->out_h; ++oy)
      for (int32_t ox = 0; ox < s->out_w; ++ox, out += s->out_c) {
        const int32_t top = oy * s->stride_h - s->pad_top, left = ox * s->stride_w - s->pad_left;
        const int8_t* from = x + (top * s->in_w + left) * s->in_c;
        if (!pointwise || top >= s->in_h || left >= s->in_w) {
          const int32_t begin = first_tap(left, s->dilation_w),
                        end = last_tap(left, s->dilation_w, s->kernel_w, s->in_w);
          memset(patch, x_zero, (size_t)depth);
          for (int32_t r = first_tap(top, s->dilation_h);
               r < last_tap(top, s->dilation_h, s->kernel_h, s->in_h); ++r) {
            const int8_t* row = x + ((top + r * s->dilation_h) * s->in_w + left) * s->in_c;
            int8_t* to = patch + r * row_bytes;
            if (s->dilation_w == 1) {
              if (begin < end)
                memcpy(to + begin * s->in_c, row + begin * s->in_c, (size_t)((end - begin) * s->in_c));
            } else {
              for (int32_t c = begin; c < end; ++c)
                memcpy(to + c * s->in_c, row + c * s->dilation_w * s->in_c, (size_t)s->in_c);
            }
          }
          from = patch;
        }
        layer_i8(from, depth, w, bias, factors, s->out_c, zero, low, high, out);
      }
}
