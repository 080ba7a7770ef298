#include <cstring>

#include "nn/fixed_point.h"
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/kernels/dot/dot.h"

namespace pipit::nn {
namespace {

/// Windows up to this size are copied together, on the stack, before they meet the weights of every output
/// channel: one long inner product instead of a short one per row, and none for the padding.
constexpr u32 kPatchBytes = 512;

/// Where one output pixel's window lies on the image.
struct Patch {
  u32 image, y, x;
  TapRange rows;
  TapRange columns;
  u32 taps_per_run;  ///< neighbouring taps that are neighbours in memory as well
  bool whole;        ///< no tap in the padding
};

Patch patch_at(const WindowShape& shape, u32 image, u32 y, u32 x) {
  Patch patch{image, y, x, shape.rows(y), shape.columns(x), 1, false};
  if (shape.window.dilation_w == 1) patch.taps_per_run = patch.columns.count();
  patch.whole = patch.rows.count() == shape.kernel_h && patch.columns.count() == shape.kernel_w;
  return patch;
}

/// Calls visit(first input element, first weight, count) for every run of products that lies on the image.
template <class Visit>
void for_each_run(const WindowShape& shape, const Patch& patch, Visit visit) {
  const u32 count = patch.taps_per_run * shape.in_c;
  for (u32 row = patch.rows.begin; row < patch.rows.end; ++row)
    for (u32 column = patch.columns.begin; column < patch.columns.end; column += patch.taps_per_run)
      visit(shape.pixel(patch.image, patch.y, row, patch.x, column) * shape.in_c,
            (row * shape.kernel_w + column) * shape.in_c, count);
}

/// Sum of one output channel's weights whose taps lie in the padding.
i32 padded_weights(const WindowShape& shape, const Patch& patch, const i8* weights) {
  i32 sum = 0;
  const u32 row_weights = shape.kernel_w * shape.in_c;
  for (u32 row = 0; row < shape.kernel_h; ++row, weights += row_weights) {
    if (row < patch.rows.begin || row >= patch.rows.end) {
      sum += sum_i8(weights, row_weights);
    } else {
      sum += sum_i8(weights, patch.columns.begin * shape.in_c);
      sum += sum_i8(weights + usize{patch.columns.end} * shape.in_c,
                    (shape.kernel_w - patch.columns.end) * shape.in_c);
    }
  }
  return sum;
}

/// One output channel's sum, read from the image. The bias assumes every tap; those in the padding see the
/// zero point.
i32 window_sum(const Conv2dI8& conv, const Patch& patch, i32 bias, const i8* weights) {
  i32 sum = bias;
  if (!patch.whole) sum += conv.input_zero_point * padded_weights(conv.shape, patch, weights);
  for_each_run(conv.shape, patch, [&](u32 input, u32 weight, u32 count) {
    sum = dot_i8(sum, conv.input + input, weights + weight, count);
  });
  return sum;
}

/// Copies a window together in the order of the weights, padding at the zero point.
void gather(const Conv2dI8& conv, const Patch& patch, u32 bytes, i8* out) {
  if (!patch.whole) std::memset(out, conv.input_zero_point, bytes);
  for_each_run(conv.shape, patch, [&](u32 input, u32 weight, u32 count) {
    std::memcpy(out + weight, conv.input + input, count);
  });
}

}  // namespace

void conv2d_f32(const Conv2dF32& conv) {
  const WindowShape& shape = conv.shape;
  const u32 channel_weights = shape.kernel_h * shape.kernel_w * shape.in_c;
  const f32 low = conv.clamp.low_f32(), high = conv.clamp.high_f32();
  f32* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    const Patch patch = patch_at(shape, image, y, x);
    const f32* weights = conv.weights;
    for (u32 channel = 0; channel < shape.out_c; ++channel, weights += channel_weights) {
      f32 sum = conv.bias[channel];
      for_each_run(shape, patch, [&](u32 input, u32 weight, u32 count) {
        sum = dot_f32(sum, conv.input + input, weights + weight, count);
      });
      *out++ = sum < low ? low : sum > high ? high : sum;
    }
  });
}

void conv2d_i8_reference(const Conv2dI8& conv) {
  const WindowShape& shape = conv.shape;
  const u32 channel_weights = shape.kernel_h * shape.kernel_w * shape.in_c;
  const bool gathers = channel_weights != shape.in_c && channel_weights <= kPatchBytes;
  i8 gathered[kPatchBytes];
  i8* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    const Patch patch = patch_at(shape, image, y, x);
    if (gathers) gather(conv, patch, channel_weights, gathered);
    const i8* weights = conv.weights;
    for (u32 channel = 0; channel < shape.out_c; ++channel, weights += channel_weights) {
      const i32 bias = conv.bias[channel];
      const i32 sum =
          gathers ? dot_i8(bias, gathered, weights, channel_weights) : window_sum(conv, patch, bias, weights);
      *out++ = requantize(sum, conv.factors[channel], conv.output_zero_point, conv.clamp);
    }
  });
}

}  // namespace pipit::nn
