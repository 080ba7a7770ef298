#include "nn/kernels/asymmetric/asymmetric.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::Conv2dAttributes;
using format::Opcode;
using format::TensorRecord;

WindowShape shape_of(const Node& node) {
  const u32* weights = node.input(1).dims;
  return window_shape(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window);
}

/// What both convolutions share; `channel_axis` is the weights' axis of output channels.
const char* verify_window(const Node& node, u32 channel_axis) {
  if (const char* wrong = check_activations(node, 1, DType::i8)) return wrong;
  const TensorRecord& weights = node.input(1);
  if (weights.rank != 4) return "asymmetric convolution weights are not of rank 4";
  const auto& attributes = node.attributes<Conv2dAttributes>();
  if (const char* wrong = check_window(node, weights.dims[1], weights.dims[2], attributes.window))
    return wrong;
  if (weights.dims[channel_axis] != node.output().dims[3])
    return "asymmetric convolution weights do not fit the channels";
  if (!is_valid_clamp(attributes.clamp, DType::i8))
    return "asymmetric convolution clamp is empty or out of range";
  const u32 accumulation = elements(weights) / weights.dims[channel_axis];
  if (accumulation > kMaxAsymmetricAccumulation)
    return "asymmetric operator sums too many products for 32 bits";
  return check_weights(node, DType::i8, weights.dims[channel_axis], accumulation);
}

const char* verify_conv(const Node& node) {
  if (const char* wrong = verify_window(node, 0)) return wrong;
  return node.input(1).dims[3] == node.input(0).dims[3]
             ? nullptr
             : "asymmetric convolution weights do not fit the channels";
}

const char* verify_depthwise(const Node& node) {
  if (const char* wrong = verify_window(node, 3)) return wrong;
  return node.input(1).dims[0] == 1 && node.output().dims[3] % node.input(0).dims[3] == 0
             ? nullptr
             : "asymmetric depthwise weights do not fit the channels";
}

const char* verify_fully_connected(const Node& node) {
  if (const char* wrong = check_activations(node, 1, DType::i8)) return wrong;
  const TensorRecord& weights = node.input(1);
  if (weights.rank != 2) return "asymmetric fully connected weights are not of rank 2";
  const u32 outputs = weights.dims[0], inputs = weights.dims[1];
  const u32 batch = elements(node.input(0)) / inputs;
  if (elements(node.input(0)) != u64{batch} * inputs || elements(node.output()) != u64{batch} * outputs ||
      last_dim(node.output()) != outputs)
    return "asymmetric fully connected weights do not fit input and output";
  if (!is_valid_clamp(node.attributes<format::ClampAttributes>().clamp, DType::i8))
    return "asymmetric fully connected clamp is empty or out of range";
  if (inputs > kMaxAsymmetricAccumulation) return "asymmetric operator sums too many products for 32 bits";
  return check_weights(node, DType::i8, outputs, inputs);
}

Conv2dI8 conv_of(const Node& node) {
  return {shape_of(node),
          node.data<i8>(0),
          node.input(0).zero_point,
          node.data<i8>(1),
          node.data<i32>(2),
          node.data<format::Rescale>(3),
          node.output().zero_point,
          node.attributes<Conv2dAttributes>().clamp,
          node.out<i8>()};
}

void run_conv(const Node& node) { conv2d_asymmetric(conv_of(node), node.input(1).zero_point); }
void run_depthwise(const Node& node) { depthwise_conv2d_asymmetric(conv_of(node), node.input(1).zero_point); }

void run_fully_connected(const Node& node) {
  const u32* weights = node.input(1).dims;
  fully_connected_asymmetric(
      {elements(node.input(0)) / weights[1], weights[1], weights[0], node.data<i8>(0), node.data<i8>(1),
       node.data<i32>(2), node.data<format::Rescale>(3), node.output().zero_point,
       node.attributes<format::ClampAttributes>().clamp, node.out<i8>()},
      node.input(1).zero_point);
}

}  // namespace

constinit const Operator kConv2dAsymmetric = {Opcode::conv2d_asymmetric, DType::i8, verify_conv, run_conv};
constinit const Operator kDepthwiseConv2dAsymmetric = {Opcode::depthwise_conv2d_asymmetric, DType::i8,
                                                       verify_depthwise, run_depthwise};
constinit const Operator kFullyConnectedAsymmetric = {Opcode::fully_connected_asymmetric, DType::i8,
                                                      verify_fully_connected, run_fully_connected};

}  // namespace pipit::nn
