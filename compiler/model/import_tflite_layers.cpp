// Layers that look through windows or have weights, and what goes over an axis.
#include <algorithm>

#include "compiler/model/dynamic.h"
#include "compiler/model/import_tflite_operators.h"
#include "compiler/model/quantized.h"

namespace pipit::model {
namespace {

using support::Result;
using support::Status;

/// Field numbers of the options' tables.
namespace field {
enum Window { kPadding = 0, kStrideW = 1, kStrideH = 2 };
enum Conv { kConvActivation = 3, kConvDilationW = 4, kConvDilationH = 5 };
enum Depthwise { kDepthwiseActivation = 4, kDepthwiseDilationW = 5, kDepthwiseDilationH = 6 };
enum Pool { kFilterW = 3, kFilterH = 4, kPoolActivation = 5 };
enum FullyConnected { kFullyConnectedActivation = 0, kWeightsFormat = 1, kAsymmetricInputs = 3 };
enum TransposeConv { kTransposeActivation = 3 };
enum Softmax { kBeta = 0 };
}  // namespace field

constexpr i8 kSame = 0;

Status check_rank4(const TfliteImport& in) {
  if (in.operand(0).shape.size() == 4 && in.output().shape.size() == 4) return {};
  return in.malformed("needs images of rank 4, got " + to_string(in.operand(0).shape));
}

Result<u32> extent(const TfliteImport& in, u32 field, i32 fallback, const char* what) {
  const i32 value = in.options.scalar<i32>(field, fallback);
  if (value < 1 || value > 65535) return in.malformed(std::string(what) + " is not within 1 and 65535");
  return static_cast<u32>(value);
}

/// TFLite's padding: SAME centres the window grid, the odd element goes behind.
void pad_same(Window& window, const Shape& x) {
  for (usize axis = 0; axis < 2; ++axis) {
    const i64 stride = window.stride[axis], input = x[1 + axis];
    const i64 reach = i64{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
    const i64 total = std::max<i64>(((input + stride - 1) / stride - 1) * stride + reach - input, 0);
    window.pad_begin[axis] = static_cast<u32>(total / 2);
    window.pad_end[axis] = static_cast<u32>(total - total / 2);
  }
}

Result<Window> window_of(const TfliteImport& in, std::array<u32, 2> kernel, std::array<u32, 2> dilation) {
  Window window;
  window.kernel = kernel;
  window.dilation = dilation;
  window.stride = {TRY(extent(in, field::kStrideH, 0, "stride_h")),
                   TRY(extent(in, field::kStrideW, 0, "stride_w"))};
  if (in.options.scalar<i8>(field::kPadding, kSame) == kSame) pad_same(window, in.operand(0).shape);
  return window;
}

/// Bias of a layer with `channels` outputs; zeros where the file has none.
Result<TensorId> bias_of(TfliteImport& in, usize index, i64 channels) {
  const bool wide = in.output().dtype == DType::i16;
  const DType dtype = in.output().dtype == DType::f32 ? DType::f32 : DType::i32;
  if (!in.has(index)) {
    const std::vector<i32> zeros(static_cast<usize>(channels), 0);
    return in.graph.add_constant(in.name + ".bias", dtype, {channels}, zeros);
  }
  const Tensor& bias = in.operand(index);
  if (!bias.constant) return in.unsupported("its bias is computed at run time");
  if (element_count(bias.shape) != channels)
    return in.malformed("its bias has " + std::to_string(element_count(bias.shape)) + " elements for " +
                        std::to_string(channels) + " channels");
  if (bias.dtype != dtype && !(wide && bias.dtype == DType::i64))
    return in.unsupported(std::string("its bias is ") + dtype_name(bias.dtype));
  return in.inputs[index];
}

/// Weights fit for the operator: constants of the activations' kind, one scale or one per output channel.
Result<TensorId> weights_of(TfliteImport& in, usize channel_axis) {
  const TensorId id = in.inputs[1];
  const Tensor& weights = in.graph[id];
  if (!weights.constant) return in.unsupported("its weights are computed at run time");
  if (in.is_float()) return as_float(in.graph, id);
  const DType activations = in.output().dtype;
  if ((activations != DType::i8 && activations != DType::i16) || weights.dtype != DType::i8)
    return in.unsupported(std::string("activations ") + dtype_name(activations) + " with weights " +
                          dtype_name(weights.dtype));
  if (!weights.quantization) return in.malformed("its weights have no scale");
  const Quantization& q = *weights.quantization;
  if (q.per_channel() && static_cast<usize>(q.axis) != channel_axis)
    return in.unsupported("its weights are quantised along axis " + std::to_string(q.axis));
  if (q.per_channel() &&
      std::any_of(q.zero_points.begin(), q.zero_points.end(), [](i32 z) { return z != 0; }))
    return in.unsupported("its weights have zero points per channel");
  return id;
}

/// Whether a float operator has int8 weights that TFLite multiplies as integers.
bool is_hybrid(const TfliteImport& in) {
  const Tensor& weights = in.operand(1);
  if (!in.is_float() || !weights.constant || weights.dtype != DType::i8 || !weights.quantization)
    return false;
  const auto& zeros = weights.quantization->zero_points;
  return std::all_of(zeros.begin(), zeros.end(), [](i32 zero) { return zero == 0; });
}

/// Adds the layer; a hybrid one in the three steps of dynamic quantisation.
void emit_layer(TfliteImport& in, Op op, std::vector<TensorId> operands, Attributes attributes, Clamp clamp,
                bool symmetric) {
  const bool hybrid = is_hybrid(in);
  in.emit(op, std::move(operands), std::move(attributes), clamp);
  if (hybrid) make_dynamic(in.graph, in.output().producer, in.inputs[1], symmetric);
}

Status import_conv(TfliteImport& in) {
  TRY(check_rank4(in));
  TRY(check_scales(in, 1, true));
  if (in.operand(1).shape.size() != 4) return in.malformed("its weights are not of rank 4");
  const TensorId weights = TRY(weights_of(in, 0));
  const Shape shape = in.graph[weights].shape;
  const i64 channels = in.operand(0).shape[3];
  if (shape[0] != in.output().shape[3]) return in.malformed("its weights do not fit the output's channels");
  if (shape[3] != channels)
    return in.unsupported("grouped convolution (" + std::to_string(channels) + " channels, weights for " +
                          std::to_string(shape[3]) + ")");
  const TensorId bias = TRY(bias_of(in, 2, shape[0]));
  const Window window = TRY(window_of(in, {static_cast<u32>(shape[1]), static_cast<u32>(shape[2])},
                                      {TRY(extent(in, field::kConvDilationH, 1, "dilation_h")),
                                       TRY(extent(in, field::kConvDilationW, 1, "dilation_w"))}));
  const std::optional<Quantization>& scales = in.operand(1).quantization;
  // As TFLite: scales per channel come with asymmetric activations.
  emit_layer(in, Op::conv, {in.inputs[0], weights, bias}, ConvAttributes{window, 1},
             TRY(in.activation(field::kConvActivation)), !scales || !scales->per_channel());
  return {};
}

Status import_depthwise(TfliteImport& in) {
  TRY(check_rank4(in));
  TRY(check_scales(in, 1));
  if (in.operand(1).shape.size() != 4 || in.operand(1).shape[0] != 1)
    return in.malformed("its weights are not [1,H,W,O]");
  const TensorId weights = TRY(weights_of(in, 3));
  const Shape shape = in.graph[weights].shape;
  const i64 channels = in.operand(0).shape[3];
  if (shape[3] != in.output().shape[3] || shape[3] % channels != 0)
    return in.malformed("its weights do not fit the channels");
  const TensorId bias = TRY(bias_of(in, 2, shape[3]));
  const Window window = TRY(window_of(in, {static_cast<u32>(shape[1]), static_cast<u32>(shape[2])},
                                      {TRY(extent(in, field::kDepthwiseDilationH, 1, "dilation_h")),
                                       TRY(extent(in, field::kDepthwiseDilationW, 1, "dilation_w"))}));
  emit_layer(in, Op::depthwise_conv, {in.inputs[0], weights, bias}, ConvAttributes{window, 1},
             TRY(in.activation(field::kDepthwiseActivation)), false);
  return {};
}

Status import_fully_connected(TfliteImport& in) {
  TRY(check_scales(in, 1));
  if (in.options.scalar<i8>(field::kWeightsFormat, 0) != 0) return in.unsupported("shuffled weights");
  if (in.operand(1).shape.size() != 2) return in.malformed("its weights are not of rank 2");
  const TensorId weights = TRY(weights_of(in, 0));
  const TensorId bias = TRY(bias_of(in, 2, in.graph[weights].shape[0]));
  emit_layer(in, Op::fully_connected, {in.inputs[0], weights, bias}, {},
             TRY(in.activation(field::kFullyConnectedActivation)),
             in.options.scalar<u8>(field::kAsymmetricInputs, 0) == 0);
  return {};
}

Status import_pool(TfliteImport& in, Op op) {
  TRY(check_rank4(in));
  TRY(check_scales(in, 1));
  const std::array<u32, 2> kernel{TRY(extent(in, field::kFilterH, 0, "filter_height")),
                                  TRY(extent(in, field::kFilterW, 0, "filter_width"))};
  const Window window = TRY(window_of(in, kernel, {1, 1}));
  in.emit(op, {in.inputs[0]}, PoolAttributes{window, false, false, in.was_unsigned},
          TRY(in.activation(field::kPoolActivation)));
  return {};
}
Status import_max_pool(TfliteImport& in) { return import_pool(in, Op::max_pool); }
Status import_average_pool(TfliteImport& in) { return import_pool(in, Op::average_pool); }

/// TFLite gives the output's shape, the weights and x, in this order.
Status import_transpose_conv(TfliteImport& in) {
  const Tensor& x = in.operand(2);
  const Tensor& y = in.output();
  if (y.dtype != DType::i16 || x.dtype != DType::i16 || !x.quantization || !y.quantization)
    return in.unsupported(std::string("a transposed convolution of ") + dtype_name(x.dtype));
  if (x.shape.size() != 4 || y.shape.size() != 4 || in.operand(1).shape.size() != 4)
    return in.malformed("needs images and weights of rank 4");
  const TensorId weights = TRY(weights_of(in, 0));
  const Shape shape = in.graph[weights].shape;
  const TensorId bias = TRY(bias_of(in, 3, shape[0]));
  Window window;
  window.kernel = {static_cast<u32>(shape[1]), static_cast<u32>(shape[2])};
  window.stride = {TRY(extent(in, field::kStrideH, 0, "stride_h")),
                   TRY(extent(in, field::kStrideW, 0, "stride_w"))};
  // The padding of the convolution that this one transposes.
  if (in.options.scalar<i8>(field::kPadding, kSame) == kSame) pad_same(window, y.shape);
  if (window.pad_begin[0] > 65535 || window.pad_begin[1] > 65535)
    return in.malformed("its padding exceeds 65535");
  in.emit(Op::transpose_conv, {in.inputs[2], weights, bias}, ConvAttributes{window, 1},
          TRY(in.activation(field::kTransposeActivation)));
  return {};
}

/// TFLite computes an int8 softmax in float; with an int16 output so do we.
Status import_wide_softmax(TfliteImport& in, const AxisAttributes& axis) {
  const Quantization x = quantization_of(in.operand(0)), y = quantization_of(in.output());
  const Shape shape = in.operand(0).shape;
  const TensorId real = in.emit_to({in.name + ".real", DType::f32, shape}, Op::dequantize, {in.inputs[0]},
                                   QuantizeAttributes{x, DType::i8});
  const TensorId made = in.emit_to({in.name + ".value", DType::f32, shape}, Op::softmax, {real}, axis);
  in.emit(Op::quantize, {made}, QuantizeAttributes{y, DType::i16});
  return {};
}

Status import_softmax(TfliteImport& in) {
  const f32 beta = in.options.scalar<f32>(field::kBeta, 0);
  if (beta != 1) return in.unsupported("softmax with beta " + std::to_string(beta));
  if (in.operand(0).shape.empty()) return in.malformed("softmax of a scalar");
  const AxisAttributes axis{static_cast<i64>(in.operand(0).shape.size()) - 1};
  if (has_one_scale(in.operand(0), DType::i8) && has_one_scale(in.output(), DType::i16))
    return import_wide_softmax(in, axis);
  TRY(check_scales(in, 1));
  in.emit(Op::softmax, {in.inputs[0]}, axis);
  return {};
}

/// MEAN over height and width.
Status import_mean(TfliteImport& in) {
  TRY(check_scales(in, 1));
  const auto axes = TRY(in.constant(1, "the axes"));
  std::vector<i64> sorted;
  for (i64 axis : axes) sorted.push_back(axis < 0 ? axis + 4 : axis);
  std::sort(sorted.begin(), sorted.end());
  if (in.operand(0).shape.size() != 4 || sorted != std::vector<i64>{1, 2})
    return emit_reduction(in, Reduce::mean);
  in.emit(Op::global_average_pool, {in.inputs[0]});
  return {};
}

constexpr TfliteRule kRules[] = {
    {"AVERAGE_POOL_2D", 1, 1, import_average_pool},
    {"CONV_2D", 2, 3, import_conv},
    {"DEPTHWISE_CONV_2D", 2, 3, import_depthwise},
    {"FULLY_CONNECTED", 2, 3, import_fully_connected},
    {"MAX_POOL_2D", 1, 1, import_max_pool},
    {"MEAN", 2, 2, import_mean},
    {"SOFTMAX", 1, 1, import_softmax},
    {"TRANSPOSE_CONV", 3, 4, import_transpose_conv},
};

}  // namespace

std::span<const TfliteRule> layer_tflite_rules() { return kRules; }

}  // namespace pipit::model
