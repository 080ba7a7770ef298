#define depthwise_3x3_i8(s, x, x_zero, w, bias, factors, zero, low, high, lines, out) \
  depthwise_conv2d_i8(s, x, x_zero, w, bias, factors, zero, low, high, out)
