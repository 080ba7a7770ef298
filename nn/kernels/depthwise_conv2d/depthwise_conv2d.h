#pragma once
#include "nn/kernels/conv2d/conv2d.h"

/// Depthwise convolution over NHWC images with weights [1, kernel_h, kernel_w, out_c]; out_c is a multiple of
/// in_c and output channel o reads input channel o / (out_c / in_c). Otherwise as conv2d.
namespace pipit::nn {

void depthwise_conv2d_f32(const Conv2dF32& conv);
/// A build links one file that defines it: depthwise_conv2d_scalar.cpp, depthwise_conv2d_dsp.cpp.
void depthwise_conv2d_i8(const Conv2dI8& conv);
/// The plain version that the others must equal, and to which they leave unusual shapes.
void depthwise_conv2d_i8_reference(const Conv2dI8& conv);

}  // namespace pipit::nn
