#pragma once
#include "nn/fast.h"
#include "nn/kernels/channel_output.h"
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/kernels/dynamic/dynamic.h"
#include "nn/kernels/gemm/band.h"
#include "nn/kernels/gemm/tile.h"
#include "nn/shapes.h"

/// Layers as the tiled kernels see them. A file of kernels includes this before it asks for an instruction
/// set: what is here is one function for all of them.
namespace pipit::nn {

/// What a layer is to the kernels.
struct LayerShape {
  WindowShape window;
  format::Clamp clamp;
};

/// A fully connected layer is a 1 × 1 convolution over an image of one row.
inline LayerShape layer_of(const Node& node) {
  const u32* weights = node.input(1).dims;
  if (node.input(1).rank == 2) {
    const u32 batch = elements(node.input(0)) / weights[1];
    return {{1, 1, batch, weights[1], 1, batch, weights[0], 1, 1, {1, 1, 1, 1, 0, 0, 0, 0}},
            node.attributes<format::ClampAttributes>().clamp};
  }
  const auto& attributes = node.attributes<format::Conv2dAttributes>();
  return {window_shape(node, weights[1], weights[2], attributes.window), attributes.clamp};
}

/// What is taken from each int8 weight before it is multiplied: only uint8 models' operators have that.
inline i32 weight_zero_point(const Node& node) {
  const auto opcode = static_cast<format::Opcode>(node.opcode());
  const bool asymmetric = opcode == format::Opcode::conv2d_asymmetric ||
                          opcode == format::Opcode::depthwise_conv2d_asymmetric ||
                          opcode == format::Opcode::fully_connected_asymmetric;
  return asymmetric ? node.input(1).zero_point : 0;
}

inline i32 weight_sum(const i8* weights, u64 count) {
  i32 sum = 0;
  for (u64 k = 0; k < count; ++k) sum += weights[k];
  return sum;
}

}  // namespace pipit::nn
