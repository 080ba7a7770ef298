#include <bit>

#include "nn/fixed_point.h"
#include "nn/kernels/dot/dot.h"
#include "nn/kernels/dynamic/dynamic.h"

namespace pipit::nn {
namespace {

f32 clamped(f32 value, format::Clamp clamp) {
  return value < clamp.low_f32() ? clamp.low_f32() : value > clamp.high_f32() ? clamp.high_f32() : value;
}

/// To the nearest whole number, halves away from zero; |x| < 2^30.
i32 rounded(f32 x) { return static_cast<i32>(x < 0 ? x - 0.5f : x + 0.5f); }

/// To the nearest whole number, halves to even; beyond ±1024 that, and what is no number is −1024. To a
/// number so large that it has no fraction the processor adds by rounding so; the whole part is then in its
/// lowest bits.
i32 nearest(f32 x) {
  constexpr f32 kMost = 1024, kNoFraction = 3 << 22;
  if (!(x > -kMost)) x = -kMost;
  if (x > kMost) x = kMost;
  return std::bit_cast<i32>(x + kNoFraction) - std::bit_cast<i32>(kNoFraction);
}

RowScale asymmetric_scale(f32 low, f32 high) {
  const f32 scale = (high - low) / 255.0f;
  // Both ends suggest a zero point; the one nearer to zero is rounded less.
  const f32 from_low = static_cast<f32>(kInt8Min) - low / scale,
            from_high = static_cast<f32>(kInt8Max) - high / scale;
  const f32 zero = 128.0f - low / scale < 127.0f + high / scale ? from_low : from_high;
  const i32 whole = zero <= kInt8Min ? kInt8Min : zero >= kInt8Max ? kInt8Max : rounded(zero);
  return {scale, static_cast<f32>(whole)};
}

}  // namespace

RowScale row_scale(f32 low, f32 high, bool symmetric) {
  constexpr f32 kLargest = 1e30f, kSmallest = 1e-30f;  // so that scales and their inverses are normal numbers
  if (low < -kLargest) low = -kLargest;
  if (high > kLargest) high = kLargest;
  const f32 magnitude = -low > high ? -low : high;
  if (magnitude < kSmallest) return {1, 0};
  return symmetric ? RowScale{magnitude / 127.0f, 0} : asymmetric_scale(low, high);
}

void dynamic_scale(const f32* in, u32 rows, u32 columns, bool symmetric, RowScale* out) {
  for (u32 row = 0; row < rows; ++row, in += columns) {
    f32 low = 0, high = 0;
    for (u32 i = 0; i < columns; ++i) {
      if (in[i] < low) low = in[i];
      if (in[i] > high) high = in[i];
    }
    *out++ = row_scale(low, high, symmetric);
  }
}

void dynamic_quantize(const f32* in, u32 rows, u32 columns, const RowScale* scales, i8* out) {
  for (u32 row = 0; row < rows; ++row) {
    const f32 inverse = 1.0f / scales[row].scale;
    const i32 zero = zero_point_of(scales[row]);
    for (u32 i = 0; i < columns; ++i, ++in, ++out) {
      const i32 value = nearest(*in * inverse) + zero;
      *out = static_cast<i8>(value < kInt8Min ? kInt8Min : value > kInt8Max ? kInt8Max : value);
    }
  }
}

void dynamic_conv2d(const DynamicConv2d& conv) {
  const WindowShape& shape = conv.shape;
  const u32 channels = shape.in_c, taps = shape.kernel_h * shape.kernel_w;
  f32* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    const bool whole = rows.count() * columns.count() == taps;
    const i32 zero = zero_point_of(conv.rows[image]);
    const i8* weights = conv.weights;
    for (u32 o = 0; o < shape.out_c; ++o, weights += usize{taps} * channels) {
      i32 sum = 0, weight_sum = whole ? conv.weight_sums[o] : 0;
      for (u32 row = rows.begin; row < rows.end; ++row)
        for (u32 column = columns.begin; column < columns.end; ++column) {
          const i8* weight = weights + (usize{row} * shape.kernel_w + column) * channels;
          sum = dot_i8(sum, conv.input + usize{shape.pixel(image, y, row, x, column)} * channels, weight,
                       channels);
          if (!whole) weight_sum += sum_i8(weight, channels);
        }
      const f32 real =
          static_cast<f32>(sum - zero * weight_sum) * conv.weight_scales[o] * conv.rows[image].scale;
      *out++ = clamped(real + conv.bias[o], conv.clamp);
    }
  });
}

void dynamic_depthwise_conv2d(const DynamicConv2d& conv) {
  const WindowShape& shape = conv.shape;
  const u32 multiplier = shape.out_c / shape.in_c;
  f32* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    const i32 zero = zero_point_of(conv.rows[image]);
    for (u32 o = 0; o < shape.out_c; ++o) {
      i32 sum = 0;
      for (u32 row = rows.begin; row < rows.end; ++row)
        for (u32 column = columns.begin; column < columns.end; ++column)
          sum += (conv.input[usize{shape.pixel(image, y, row, x, column)} * shape.in_c + o / multiplier] -
                  zero) *
                 conv.weights[(usize{row} * shape.kernel_w + column) * shape.out_c + o];
      const f32 real = static_cast<f32>(sum) * conv.weight_scales[o] * conv.rows[image].scale;
      *out++ = clamped(real + conv.bias[o], conv.clamp);
    }
  });
}

void dynamic_fully_connected(const DynamicFullyConnected& layer) {
  f32* out = layer.output;
  for (u32 n = 0; n < layer.batch; ++n) {
    const i8* input = layer.input + usize{n} * layer.inputs;
    const i32 zero = zero_point_of(layer.rows[n]);
    for (u32 o = 0; o < layer.outputs; ++o) {
      const i32 sum = dot_i8(0, input, layer.weights + usize{o} * layer.inputs, layer.inputs);
      const f32 real =
          static_cast<f32>(sum - zero * layer.weight_sums[o]) * layer.weight_scales[o] * layer.rows[n].scale;
      *out++ = clamped(real + layer.bias[o], layer.clamp);
    }
  }
}

}  // namespace pipit::nn
