#pragma once
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/kernels/fully_connected/fully_connected.h"

/// Layers whose int8 weights have a zero point, as uint8 models have: q·(w − z) = q·w − z·q, so that the sum
/// of each window's inputs, once a pixel, corrects the plain product. Otherwise as conv2d, depthwise_conv2d
/// and fully_connected; at most kMaxAsymmetricAccumulation products per output.
namespace pipit::nn {

/// |Σ q·w| and |z·Σ q| stay below 2^28 each, which leaves room for the bias.
constexpr u32 kMaxAsymmetricAccumulation = 16384;

void conv2d_asymmetric(const Conv2dI8& conv, i32 weight_zero_point);
void depthwise_conv2d_asymmetric(const Conv2dI8& conv, i32 weight_zero_point);
void fully_connected_asymmetric(const FullyConnectedI8& layer, i32 weight_zero_point);

}  // namespace pipit::nn
