#pragma once
#include "base/types.h"
#include "nn/format.h"

/// output[n][o] = clamp(bias[o] + Σ input[n][i] × weights[o][i]); arithmetic as conv2d.
namespace pipit::nn {

struct FullyConnectedF32 {
  u32 batch, inputs, outputs;
  const f32* input;
  const f32* weights;
  const f32* bias;
  format::Clamp clamp;
  f32* output;
};
void fully_connected_f32(const FullyConnectedF32& layer);

/// The bias has the input's zero point folded in; limits as conv2d.
struct FullyConnectedI8 {
  u32 batch, inputs, outputs;
  const i8* input;
  const i8* weights;
  const i32* bias;
  const format::Rescale* factors;
  i32 output_zero_point;
  format::Clamp clamp;
  i8* output;
};
/// A build links one file that defines it: fully_connected_scalar.cpp, c99/layers_dsp.cpp.
void fully_connected_i8(const FullyConnectedI8& layer);

}  // namespace pipit::nn
