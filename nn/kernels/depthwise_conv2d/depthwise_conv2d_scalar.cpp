#include "nn/kernels/depthwise_conv2d/depthwise_conv2d.h"

namespace pipit::nn {

void depthwise_conv2d_i8(const Conv2dI8& conv) { depthwise_conv2d_i8_reference(conv); }

}  // namespace pipit::nn
