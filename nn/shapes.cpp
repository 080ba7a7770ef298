#include "nn/shapes.h"

#include "nn/fixed_point.h"
#include "nn/operator.h"

namespace pipit::nn {

using format::Clamp;
using format::TensorRecord;

bool same_shape(const TensorRecord& a, const TensorRecord& b) {
  if (a.rank != b.rank) return false;
  for (u32 axis = 0; axis < a.rank; ++axis)
    if (a.dims[axis] != b.dims[axis]) return false;
  return true;
}

bool same_quantisation(const TensorRecord& a, const TensorRecord& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point;
}

bool is_quantised(const TensorRecord& tensor) { return !is(tensor, DType::i8) || tensor.scale > 0; }

bool is_valid_clamp(const Clamp& clamp, DType dtype) {
  if (dtype == DType::f32) return clamp.low_f32() <= clamp.high_f32();
  return kInt8Min <= clamp.low_i32() && clamp.low_i32() <= clamp.high_i32() && clamp.high_i32() <= kInt8Max;
}

const char* check_activations(const Node& node, u32 count, DType dtype) {
  for (u32 index = 0; index <= count; ++index) {
    const TensorRecord& tensor = index < count ? node.input(index) : node.output();
    if (!is(tensor, dtype)) return "operator mixes element types";
    if (!is_quantised(tensor)) return "operator on an int8 tensor without a scale";
  }
  return nullptr;
}

const char* check_weights(const Node& node, DType dtype, u32 channels, u64 accumulation) {
  const bool quantised = dtype == DType::i8;
  const TensorRecord& weights = node.input(1);
  const TensorRecord& bias = node.input(2);
  if (!is(weights, dtype) || !is_constant(weights)) return "operator weights are not constants of its type";
  if (!is(bias, quantised ? DType::i32 : DType::f32) || !is_constant(bias) || elements(bias) != channels)
    return "operator bias is not one constant per output channel";
  if (node.input_count() != (quantised ? 4u : 3u))
    return "operator has the wrong number of inputs for its type";
  if (!quantised) return nullptr;

  const TensorRecord& factors = node.input(3);
  if (!is(factors, DType::i32) || !is_constant(factors) || elements(factors) != u64{channels} * 2)
    return "operator rescale is not one constant pair per output channel";
  if (accumulation > format::kMaxAccumulation) return "operator sums too many int8 products for 32 bits";
  // What the products leave of 32 bits.
  const i32 max_bias = static_cast<i32>(0x7FFFFFFF - accumulation * 128 * 128);
  const i32* biases = node.data<i32>(2);
  const format::Rescale* pairs = node.data<format::Rescale>(3);
  for (u32 channel = 0; channel < channels; ++channel) {
    if (biases[channel] < -max_bias || biases[channel] > max_bias)
      return "operator bias leaves no room for its products";
    if (!is_valid(pairs[channel])) return "operator rescale factor is not normalised";
  }
  return nullptr;
}

u32 window_extent(u32 input, u32 kernel, u32 stride, u32 dilation, u32 pad_before, u32 pad_after) {
  if (stride == 0 || dilation == 0 || kernel == 0) return 0;
  const u64 reach = u64{dilation} * (kernel - 1) + 1;
  const u64 padded = u64{input} + pad_before + pad_after;
  if (padded < reach) return 0;
  const u64 extent = (padded - reach) / stride + 1;
  return extent > 0xFFFFFFFFu ? 0 : static_cast<u32>(extent);
}

}  // namespace pipit::nn
