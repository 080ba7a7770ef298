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

inline LayerShape conv_layer(const Node& node) {
  const u32* weights = node.input(1).dims;
  const auto& attributes = node.attributes<format::Conv2dAttributes>();
  return {window_shape(node, weights[1], weights[2], attributes.window), attributes.clamp};
}

/// A fully connected layer is a 1 × 1 convolution over an image of one row.
inline LayerShape full_layer(const Node& node) {
  const u32 outputs = node.input(1).dims[0], inputs = node.input(1).dims[1];
  const u32 batch = elements(node.input(0)) / inputs;
  return {{1, 1, batch, inputs, 1, batch, outputs, 1, 1, {1, 1, 1, 1, 0, 0, 0, 0}},
          node.attributes<format::ClampAttributes>().clamp};
}

using LayerOf = LayerShape (*)(const Node&);

inline i32 weight_sum(const i8* weights, u64 count) {
  i32 sum = 0;
  for (u64 k = 0; k < count; ++k) sum += weights[k];
  return sum;
}

}  // namespace pipit::nn
