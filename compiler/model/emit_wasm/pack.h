#pragma once
#include <vector>

#include "nn/operator.h"

/// Weights in the layouts that the kernels of emit_wasm/kernels read; they describe them.
namespace pipit::model::wasm {

/// [outputs, depth] weights for gemm_f32.
std::vector<u8> pack_gemm_f32(const f32* weights, const f32* bias, u32 outputs, u32 depth);
/// How many groups a convolution falls into whose [outputs, depth] weights end in `inputs` channels: the most
/// so that every weight from another group's channels is `zero`. 1 for a dense one.
u32 groups_of(const f32* weights, u32 outputs, u32 depth, u32 inputs, f32 zero = 0);
u32 groups_of(const i8* weights, u32 outputs, u32 depth, u32 inputs, i32 zero);
/// As how many groups those are the least work, some of them taken together: eight channels are multiplied at
/// a time, be they there or not.
u32 least_work_groups(u32 groups, u32 outputs, u32 depth);
/// As pack_gemm_f32 for each group, of its own channels.
std::vector<u8> pack_groups_f32(const f32* weights, const f32* bias, u32 outputs, u32 depth, u32 inputs,
                                u32 groups);
/// [taps, channels] weights for depthwise_f32_simd.
std::vector<u8> pack_depthwise_f32(const f32* weights, const f32* bias, u32 taps, u32 channels);

/// An int8 layer's constants; channel o's weight k lies at o × channel_step + k × depth_step.
struct LayerI8 {
  const i8* weights;
  const i32* bias;
  const nn::format::Rescale* factors;
  i32 zero_point;  ///< of the weights
  u32 outputs, depth;
  usize channel_step, depth_step;
};
/// For gemm_i8.
std::vector<u8> pack_gemm_i8(const LayerI8& layer);
/// The same for each group, of its own channels; the layer's are `inputs`, one channel after the other in
/// `depth`.
std::vector<u8> pack_groups_i8(const LayerI8& layer, u32 inputs, u32 groups);
/// For depthwise_i8_simd; the zero point is taken off the weights.
std::vector<u8> pack_depthwise_i8(const LayerI8& layer);

}  // namespace pipit::model::wasm
