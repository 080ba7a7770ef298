/* How a window moves over an NHWC image. */
typedef struct {
  int32_t images, in_h, in_w, in_c, out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} window;

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* The kernel's taps [first, last) that lie on the image when the window begins at `at`. */
__attribute__((unused)) static inline int32_t first_tap(int32_t at, int32_t dilation) {
  return at >= 0 ? 0 : (-at + dilation - 1) / dilation;
}
__attribute__((unused)) static inline int32_t last_tap(int32_t at, int32_t dilation, int32_t kernel,
                                                       int32_t size) {
  return at >= size ? 0 : least(kernel, (size - at + dilation - 1) / dilation);
}
