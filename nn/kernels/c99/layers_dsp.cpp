// conv2d and fully_connected for the DSP extension: one file, because both are made of the same parts.
#include "nn/kernels/c99/c99.h"
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/kernels/fully_connected/fully_connected.h"

namespace pipit::nn {
namespace c99 {
namespace {
// clang-format off: each stands on those before it
#include "nn/kernels/c99/dot_dsp.c"
#include "nn/kernels/c99/layer_i8_dsp.c"
#include "nn/kernels/c99/dot_pixels_dsp.c"
#include "nn/kernels/c99/conv2d_i8_dsp.c"
#include "nn/kernels/c99/fully_connected_i8_dsp.c"
// clang-format on
}  // namespace
}  // namespace c99

void conv2d_i8(const Conv2dI8& conv) {
  const WindowShape& shape = conv.shape;
  if (u64{shape.kernel_h} * shape.kernel_w * shape.in_c > c99::CONV2D_PATCH_BYTES)
    return conv2d_i8_reference(conv);
  alignas(8) i8 patch[c99::CONV2D_PATCH_BYTES];
  const c99::window window = c99::window_of(shape);
  c99::conv2d_i8(&window, conv.input, conv.input_zero_point, conv.weights, conv.bias,
                 c99::pairs(conv.factors), conv.output_zero_point, conv.clamp.low_i32(),
                 conv.clamp.high_i32(), patch, conv.output);
}

void fully_connected_i8(const FullyConnectedI8& layer) {
  c99::fully_connected_i8(layer.input, static_cast<i32>(layer.batch), static_cast<i32>(layer.inputs),
                          layer.weights, layer.bias, c99::pairs(layer.factors),
                          static_cast<i32>(layer.outputs), layer.output_zero_point, layer.clamp.low_i32(),
                          layer.clamp.high_i32(), layer.output);
}

}  // namespace pipit::nn
