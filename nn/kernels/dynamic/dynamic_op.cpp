#include "nn/kernels/dynamic/dynamic.h"
#include "nn/operator.h"
#include "nn/shapes.h"

/// The three steps of a dynamically quantised layer, each an operator: scales, integers, layer. Operands of a
/// layer: x i8, weights i8, bias f32, weight scales f32, weight sums i32, row scales f32 [rows,2].
namespace pipit::nn {
namespace {

using format::Conv2dAttributes;
using format::Opcode;
using format::TensorRecord;

enum Operand : u32 { kX, kWeights, kBias, kScales, kSums, kRows };

/// Rows of a tensor of [rows,2] scales; 0 when it is none.
u32 rows_of(const TensorRecord& scales) {
  return is(scales, DType::f32) && scales.rank == 2 && scales.dims[1] == 2 ? scales.dims[0] : 0;
}

const char* verify_scale(const Node& node) {
  const u32 rows = rows_of(node.output());
  if (!is(node.input(0), DType::f32) || rows == 0) return "dynamic_scale is not from f32 to rows of two";
  if (elements(node.input(0)) % rows != 0) return "dynamic_scale rows do not divide the tensor";
  return node.attributes<format::DynamicScaleAttributes>().symmetric <= 1
             ? nullptr
             : "dynamic_scale flag is neither 0 nor 1";
}

void run_scale(const Node& node) {
  const u32 rows = node.output().dims[0];
  dynamic_scale(node.data<f32>(0), rows, elements(node.input(0)) / rows,
                node.attributes<format::DynamicScaleAttributes>().symmetric != 0, node.out<RowScale>());
}

const char* verify_quantize(const Node& node) {
  const u32 rows = rows_of(node.input(1));
  if (!is(node.input(0), DType::f32) || !is(node.output(), DType::i8) || rows == 0)
    return "dynamic_quantize is not from f32 to int8";
  if (is_constant(node.input(1))) return "dynamic_quantize scales are not computed";
  if (elements(node.input(0)) % rows != 0) return "dynamic_quantize rows do not divide the tensor";
  return same_shape(node.input(0), node.output()) ? nullptr : "dynamic_quantize changes the shape";
}

void run_quantize(const Node& node) {
  const u32 rows = node.input(1).dims[0];
  dynamic_quantize(node.data<f32>(0), rows, elements(node.input(0)) / rows, node.data<RowScale>(1),
                   node.out<i8>());
}

const char* verify_layer(const Node& node, u32 rows, u32 channels, u32 accumulation) {
  if (!is(node.input(kX), DType::i8) || !is(node.output(), DType::f32))
    return "dynamic layer is not from int8 to f32";
  const auto is_parameter = [&](u32 operand, DType dtype, u32 count) {
    const TensorRecord& tensor = node.input(operand);
    return is(tensor, dtype) && is_constant(tensor) && elements(tensor) == count;
  };
  if (!is(node.input(kWeights), DType::i8) || !is_constant(node.input(kWeights)))
    return "dynamic layer weights are not int8 constants";
  if (!is_parameter(kBias, DType::f32, channels) || !is_parameter(kScales, DType::f32, channels) ||
      !is_parameter(kSums, DType::i32, channels))
    return "dynamic layer parameters are not one constant per output channel";
  if (rows_of(node.input(kRows)) != rows || is_constant(node.input(kRows)))
    return "dynamic layer has no scale per row";
  if (accumulation > format::kMaxAccumulation / 2) return "dynamic layer sums too many products for 32 bits";
  const i32 limit = static_cast<i32>(accumulation) * 128;
  for (u32 channel = 0; channel < channels; ++channel) {
    const i32 sum = node.data<i32>(kSums)[channel];
    if (sum < -limit || sum > limit) return "dynamic layer weight sum is out of range";
  }
  return nullptr;
}

WindowShape shape_of(const Node& node) {
  const u32* weights = node.input(kWeights).dims;
  return window_shape(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window);
}

const char* verify_conv(const Node& node, bool depthwise) {
  const TensorRecord& weights = node.input(kWeights);
  if (weights.rank != 4) return "dynamic convolution weights are not of rank 4";
  const auto& attributes = node.attributes<Conv2dAttributes>();
  if (const char* wrong = check_window(node, weights.dims[1], weights.dims[2], attributes.window))
    return wrong;
  const u32 in_c = node.input(kX).dims[3], out_c = node.output().dims[3];
  const bool fits = depthwise ? weights.dims[0] == 1 && weights.dims[3] == out_c && out_c % in_c == 0
                              : weights.dims[0] == out_c && weights.dims[3] == in_c;
  if (!fits) return "dynamic convolution weights do not fit the channels";
  if (!is_valid_clamp(attributes.clamp, DType::f32)) return "dynamic convolution clamp is empty";
  return verify_layer(node, node.input(kX).dims[0], out_c, elements(weights) / out_c);
}

DynamicConv2d conv_of(const Node& node) {
  return {shape_of(node),
          node.data<i8>(kX),
          node.data<RowScale>(kRows),
          node.data<i8>(kWeights),
          node.data<f32>(kScales),
          node.data<i32>(kSums),
          node.data<f32>(kBias),
          node.attributes<Conv2dAttributes>().clamp,
          node.out<f32>()};
}

const char* verify_fully_connected(const Node& node) {
  const TensorRecord& weights = node.input(kWeights);
  if (weights.rank != 2) return "dynamic fully connected weights are not of rank 2";
  const u32 outputs = weights.dims[0], inputs = weights.dims[1], count = elements(node.input(kX));
  const u32 batch = count / inputs;
  if (count != u64{batch} * inputs || elements(node.output()) != u64{batch} * outputs ||
      last_dim(node.output()) != outputs)
    return "dynamic fully connected weights do not fit input and output";
  if (!is_valid_clamp(node.attributes<format::ClampAttributes>().clamp, DType::f32))
    return "dynamic fully connected clamp is empty";
  return verify_layer(node, batch, outputs, inputs);
}

void run_fully_connected(const Node& node) {
  const u32* weights = node.input(kWeights).dims;
  dynamic_fully_connected({elements(node.input(kX)) / weights[1], weights[1], weights[0], node.data<i8>(kX),
                           node.data<RowScale>(kRows), node.data<i8>(kWeights), node.data<f32>(kScales),
                           node.data<i32>(kSums), node.data<f32>(kBias),
                           node.attributes<format::ClampAttributes>().clamp, node.out<f32>()});
}

}  // namespace

constinit const Operator kDynamicScale = {Opcode::dynamic_scale, DType::f32, verify_scale, run_scale};
constinit const Operator kDynamicQuantize = {Opcode::dynamic_quantize, DType::f32, verify_quantize,
                                             run_quantize};
constinit const Operator kDynamicConv2d = {Opcode::dynamic_conv2d, DType::i8,
                                           [](const Node& node) { return verify_conv(node, false); },
                                           [](const Node& node) { dynamic_conv2d(conv_of(node)); }};
constinit const Operator kDynamicDepthwiseConv2d = {
    Opcode::dynamic_depthwise_conv2d, DType::i8, [](const Node& node) { return verify_conv(node, true); },
    [](const Node& node) { dynamic_depthwise_conv2d(conv_of(node)); }};
constinit const Operator kDynamicFullyConnected = {Opcode::dynamic_fully_connected, DType::i8,
                                                   verify_fully_connected, run_fully_connected};

}  // namespace pipit::nn
