#include "nn/kernels/depthwise_conv2d/depthwise_conv2d.h"

#include "nn/fixed_point.h"

namespace pipit::nn {
namespace {

/// The window of one output pixel, and pointers to the first of the channels at work.
struct Patch {
  const WindowShape& shape;
  TapRange rows;
  TapRange columns;
  u32 image, y, x;
};

/// sums[c] += Σ input × weight over the taps on the image, for `Width` neighbouring channels whose sums the
/// compiler keeps in registers.
template <u32 Width, class T, class Sum>
void add_taps(const Patch& patch, const T* input, const T* weights, Sum* sums) {
  const WindowShape& shape = patch.shape;
  const u32 step = shape.window.dilation_w * shape.in_c;
  if (patch.columns.count() == 0) return;
  for (u32 row = patch.rows.begin; row < patch.rows.end; ++row) {
    const T* in = input + shape.pixel(patch.image, patch.y, row, patch.x, patch.columns.begin) * shape.in_c;
    const T* weight = weights + (row * shape.kernel_w + patch.columns.begin) * shape.out_c;
    for (u32 left = patch.columns.count(); left != 0; --left, in += step, weight += shape.out_c)
      for (u32 c = 0; c < Width; ++c) sums[c] += in[c] * weight[c];
  }
}

/// Sum of one channel's weights whose taps lie in the padding.
i32 padded_weights(const Patch& patch, const i8* weights) {
  i32 sum = 0;
  for (u32 row = 0; row < patch.shape.kernel_h; ++row)
    for (u32 column = 0; column < patch.shape.kernel_w; ++column, weights += patch.shape.out_c)
      if (row < patch.rows.begin || row >= patch.rows.end || column < patch.columns.begin ||
          column >= patch.columns.end)
        sum += *weights;
  return sum;
}

/// `Width` output channels of one pixel from `channel` on, which read input channels from `input` on.
template <u32 Width>
void channels_i8(const Conv2dI8& conv, const Patch& patch, u32 input, u32 channel, i8* out) {
  i32 sums[Width];
  for (u32 c = 0; c < Width; ++c) sums[c] = conv.bias[channel + c];
  const bool whole =
      patch.rows.count() == patch.shape.kernel_h && patch.columns.count() == patch.shape.kernel_w;
  // The bias assumes every tap; those in the padding see the zero point.
  if (!whole && conv.input_zero_point != 0)
    for (u32 c = 0; c < Width; ++c)
      sums[c] += conv.input_zero_point * padded_weights(patch, conv.weights + channel + c);
  add_taps<Width>(patch, conv.input + input, conv.weights + channel, sums);
  for (u32 c = 0; c < Width; ++c)
    out[c] = requantize(sums[c], conv.factors[channel + c], conv.output_zero_point, conv.clamp);
}

}  // namespace

void depthwise_conv2d_f32(const Conv2dF32& conv) {
  const WindowShape& shape = conv.shape;
  const u32 multiplier = shape.out_c / shape.in_c;
  const f32 low = conv.clamp.low_f32(), high = conv.clamp.high_f32();
  f32* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    const Patch patch{shape, shape.rows(y), shape.columns(x), image, y, x};
    for (u32 channel = 0; channel < shape.out_c; ++channel) {
      f32 sum = conv.bias[channel];
      add_taps<1>(patch, conv.input + channel / multiplier, conv.weights + channel, &sum);
      *out++ = sum < low ? low : sum > high ? high : sum;
    }
  });
}

void depthwise_conv2d_i8_reference(const Conv2dI8& conv) {
  constexpr u32 kWidth = 4;
  const WindowShape& shape = conv.shape;
  const u32 multiplier = shape.out_c / shape.in_c;
  const u32 blocked = multiplier == 1 ? shape.out_c / kWidth * kWidth : 0;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32 pixel) {
    const Patch patch{shape, shape.rows(y), shape.columns(x), image, y, x};
    i8* out = conv.output + usize{pixel} * shape.out_c;
    u32 channel = 0;
    for (; channel < blocked; channel += kWidth)
      channels_i8<kWidth>(conv, patch, channel, channel, out + channel);
    for (; channel < shape.out_c; ++channel)
      channels_i8<1>(conv, patch, channel / multiplier, channel, out + channel);
  });
}

}  // namespace pipit::nn
