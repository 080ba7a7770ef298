#include "nn/fixed_point.h"
#include "nn/kernels/asymmetric/asymmetric.h"
#include "nn/kernels/dot/dot.h"

namespace pipit::nn {
namespace {

/// Calls visit(row, column, pixel, inside) for every tap of a window; `pixel` counts where the tap is inside.
template <class Visit>
void for_each_tap(const WindowShape& shape, u32 image, u32 y, u32 x, Visit visit) {
  const TapRange rows = shape.rows(y), columns = shape.columns(x);
  for (u32 row = 0; row < shape.kernel_h; ++row)
    for (u32 column = 0; column < shape.kernel_w; ++column) {
      const bool inside =
          row >= rows.begin && row < rows.end && column >= columns.begin && column < columns.end;
      visit(row * shape.kernel_w + column, inside ? shape.pixel(image, y, row, x, column) : 0, inside);
    }
}

}  // namespace

void conv2d_asymmetric(const Conv2dI8& conv, i32 weight_zero_point) {
  const WindowShape& shape = conv.shape;
  const u32 channels = shape.in_c, taps = shape.kernel_h * shape.kernel_w;
  const i32 zero = conv.input_zero_point;
  i8* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    i32 window_sum = 0;
    for_each_tap(shape, image, y, x, [&](u32, u32 pixel, bool inside) {
      window_sum +=
          inside ? sum_i8(conv.input + usize{pixel} * channels, channels) : zero * static_cast<i32>(channels);
    });
    const i8* weights = conv.weights;
    for (u32 o = 0; o < shape.out_c; ++o, weights += usize{taps} * channels) {
      i32 sum = conv.bias[o] - weight_zero_point * window_sum;
      for_each_tap(shape, image, y, x, [&](u32 tap, u32 pixel, bool inside) {
        const i8* weight = weights + usize{tap} * channels;
        sum = inside ? dot_i8(sum, conv.input + usize{pixel} * channels, weight, channels)
                     : sum + zero * sum_i8(weight, channels);
      });
      *out++ = requantize(sum, conv.factors[o], conv.output_zero_point, conv.clamp);
    }
  });
}

void depthwise_conv2d_asymmetric(const Conv2dI8& conv, i32 weight_zero_point) {
  const WindowShape& shape = conv.shape;
  const u32 multiplier = shape.out_c / shape.in_c;
  i8* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    for (u32 o = 0; o < shape.out_c; ++o) {
      i32 sum = conv.bias[o];
      for_each_tap(shape, image, y, x, [&](u32 tap, u32 pixel, bool inside) {
        const i32 q = inside ? conv.input[usize{pixel} * shape.in_c + o / multiplier] : conv.input_zero_point;
        sum += q * (conv.weights[usize{tap} * shape.out_c + o] - weight_zero_point);
      });
      *out++ = requantize(sum, conv.factors[o], conv.output_zero_point, conv.clamp);
    }
  });
}

void fully_connected_asymmetric(const FullyConnectedI8& layer, i32 weight_zero_point) {
  i8* out = layer.output;
  for (u32 n = 0; n < layer.batch; ++n) {
    const i8* input = layer.input + usize{n} * layer.inputs;
    const i32 correction = weight_zero_point * sum_i8(input, layer.inputs);
    for (u32 o = 0; o < layer.outputs; ++o) {
      const i32 sum =
          dot_i8(layer.bias[o] - correction, input, layer.weights + usize{o} * layer.inputs, layer.inputs);
      *out++ = requantize(sum, layer.factors[o], layer.output_zero_point, layer.clamp);
    }
  }
}

}  // namespace pipit::nn
