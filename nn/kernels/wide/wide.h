#pragma once
#include "nn/kernels/window.h"

/// int16 activations with int8 weights (16x8), in the arithmetic of TensorFlow Lite's reference kernels, bit
/// for bit: products summed in 64 bits and scaled by 16-bit multipliers; everything else by gemmlowp's two
/// roundings. Activations are symmetric: zero points are 0.
namespace pipit::nn {

/// acc × multiplier × 2^(shift − 31) with the multiplier rounded to 16 bits, half rounded up; saturated to
/// i32. |acc| < 2^47.
i32 rescale_wide(i64 acc, format::Rescale factor);
/// x × multiplier × 2^(shift − 31): a doubling high multiplication that rounds half up, then a shift that
/// rounds half away from zero.
i32 rescale_twice(i32 x, format::Rescale factor);

/// Bias in 64 bits, at any alignment. As Conv2dI8 otherwise; no zero points.
struct WideConv2d {
  WindowShape shape;
  const i16* input;
  const i8* weights;  ///< [out_c, kernel_h, kernel_w, in_c]
  const u8* bias;     ///< i64 [out_c]
  const format::Rescale* factors;
  format::Clamp clamp;
  i16* output;
};
void conv2d_wide(const WideConv2d& conv);
/// The transposed convolution: input pixel (y, x) adds to output pixels y × stride + row − pad. The window's
/// pads are those at the top and left; whatever falls off the output is dropped.
void transpose_conv2d_wide(const WideConv2d& conv);

/// a ± b in 15 bits of headroom; b repeated along a.
void add_wide(const i16* a, u32 count, const i16* b, u32 b_count, bool subtract,
              const format::AddAttributes& how, i16* out);

/// x × positive where x ≥ 0, else x × negative.
void leaky_relu_wide(const i16* in, u32 count, format::Rescale positive, format::Rescale negative, i16* out);

/// From one scale to another where int16 or int32 is among them: (q − from_zero) × factor + to_zero,
/// saturated.
template <class From, class To>
void requantize_wide(const From* in, u32 count, i32 from_zero, format::Rescale factor, i32 to_zero, To* out);
/// x / scale to the nearest, half away from zero, plus the zero point, saturated; NaN gives the lowest.
template <class To>
void quantize_wide(const f32* in, u32 count, f32 scale, i32 zero, To* out);

}  // namespace pipit::nn
