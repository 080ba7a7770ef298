#pragma once
#include "nn/kernels/window.h"

/// 2-D convolution over NHWC images with OHWI weights. The arithmetic is that of nn/format.h,
/// Conv2dAttributes.
namespace pipit::nn {

/// Weights [out_c, kernel_h, kernel_w, in_c], bias [out_c]; output must not overlap anything.
struct Conv2dF32 {
  WindowShape shape;
  const f32* input;
  const f32* weights;
  const f32* bias;
  format::Clamp clamp;
  f32* output;
};
void conv2d_f32(const Conv2dF32& conv);

/// As above in int8; the bias has the input's zero point folded in, factors holds one pair per output
/// channel. At most format::kMaxAccumulation products per output and |bias| ≤ format::kMaxBias.
struct Conv2dI8 {
  WindowShape shape;
  const i8* input;
  i32 input_zero_point;
  const i8* weights;
  const i32* bias;
  const format::Rescale* factors;
  i32 output_zero_point;
  format::Clamp clamp;
  i8* output;
};
/// A build links one file that defines it: conv2d_scalar.cpp, c99/layers_dsp.cpp.
void conv2d_i8(const Conv2dI8& conv);
/// The plain version that the others must equal, and to which they leave windows too large for their stack.
void conv2d_i8_reference(const Conv2dI8& conv);

}  // namespace pipit::nn
