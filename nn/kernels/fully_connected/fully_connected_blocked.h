#pragma once
#include "nn/kernels/channel_output.h"
#include "nn/kernels/fully_connected/fully_connected.h"

namespace pipit::nn {

/// Four outputs at a time by Dot::one_by_four (nn/kernels/conv2d/conv2d_blocked.h).
template <class Dot>
void fully_connected_i8_blocked(const FullyConnectedI8& layer) {
  const OutputRange range{layer.output_zero_point, layer.clamp.low_i32(), layer.clamp.high_i32()};
  const u32 depth = layer.inputs;
  const i8* input = layer.input;
  i8* out = layer.output;
  for (u32 n = 0; n < layer.batch; ++n, input += depth) {
    const i8* weights = layer.weights;
    const i32* bias = layer.bias;
    const format::Rescale* factors = layer.factors;
    for (u32 left = layer.outputs; left != 0;) {
      const u32 count = left >= 4 ? 4 : 1;
      i32 sums[4] = {};
      for (u32 i = 0; i < count; ++i) sums[i] = *bias++;
      Dot::one_by_four(input, weights, count == 4 ? depth : 0, depth, sums);
      for (u32 i = 0; i < count; ++i) *out++ = ChannelOutput(*factors++)(sums[i], range);
      weights += usize{count} * depth;
      left -= count;
    }
  }
}

}  // namespace pipit::nn
