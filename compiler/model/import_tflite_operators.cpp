#include "compiler/model/import_tflite_operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/endian.h"
#include "compiler/model/dynamic.h"
#include "compiler/model/import_tflite.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// Field numbers of the options' tables.
namespace field {
enum Window { kPadding = 0, kStrideW = 1, kStrideH = 2 };
enum Conv { kConvActivation = 3, kConvDilationW = 4, kConvDilationH = 5 };
enum Depthwise { kDepthwiseActivation = 4, kDepthwiseDilationW = 5, kDepthwiseDilationH = 6 };
enum Pool { kFilterW = 3, kFilterH = 4, kPoolActivation = 5 };
enum Other {
  kFullyConnectedActivation = 0,
  kWeightsFormat = 1,
  kAsymmetricInputs = 3,
  kBeta = 0,
  kConcatAxis = 0,
  kConcatActivation = 1,
  kBinaryActivation = 0,
  kKeepDims = 0,
  kAlpha = 0,
  kTransposeActivation = 3
};
}  // namespace field

constexpr i8 kSame = 0;
constexpr f32 kInfinity = std::numeric_limits<f32>::infinity();

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

/// IEEE half precision, bit by bit.
std::vector<f32> half_floats(const std::vector<u8>& data) {
  std::vector<f32> values;
  for (usize i = 0; i + 2 <= data.size(); i += 2) {
    const u32 half = load_le<u16>(&data[i]), exponent = half >> 10 & 31, fraction = half & 1023;
    const f32 magnitude =
        exponent == 31  ? (fraction != 0 ? std::numeric_limits<f32>::quiet_NaN() : kInfinity)
        : exponent == 0 ? std::ldexp(static_cast<f32>(fraction), -24)
                        : std::ldexp(static_cast<f32>(fraction + 1024), static_cast<int>(exponent) - 25);
    values.push_back((half & 0x8000) != 0 ? -magnitude : magnitude);
  }
  return values;
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

bool has_one_scale(const Tensor& tensor, DType dtype) {
  return tensor.dtype == dtype && tensor.quantization && !tensor.quantization->per_channel();
}

/// All of one type, float or quantised by one scale; int16 where the operator has a `wide` form.
Status check_scales(const TfliteImport& in, usize operands, bool wide = false) {
  for (usize i = 0; i <= operands; ++i) {
    const Tensor& tensor = i < operands ? in.operand(i) : in.output();
    if (tensor.dtype != in.operand(0).dtype)
      return in.unsupported("mixes element types " + std::string(dtype_name(in.operand(0).dtype)) + " and " +
                            dtype_name(tensor.dtype));
    if (tensor.dtype == DType::f32) continue;
    if (tensor.dtype != DType::i8 && !(wide && tensor.dtype == DType::i16))
      return in.unsupported(std::string("element type ") + dtype_name(tensor.dtype));
    if (!tensor.quantization || tensor.quantization->per_channel())
      return in.malformed("'" + tensor.name + "' has no scale, or several");
    if (tensor.dtype == DType::i16 && tensor.quantization->zero_points[0] != 0)
      return in.unsupported("'" + tensor.name + "' is int16 with a zero point");
  }
  return {};
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
  // As TFLite: scales per channel come with asymmetric activations.
  emit_layer(in, Op::conv, {in.inputs[0], weights, bias}, ConvAttributes{window, 1},
             TRY(in.activation(field::kConvActivation)),
             !in.operand(1).quantization || !in.operand(1).quantization->per_channel());
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

/// TFLite computes an int8 softmax in float; with an int16 output so do we.
Status import_wide_softmax(TfliteImport& in, const AxisAttributes& axis) {
  const Quantization x = *in.operand(0).quantization, y = *in.output().quantization;
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

/// RESHAPE, SQUEEZE, EXPAND_DIMS, FLATTEN: the output's shape says it all.
Status import_reshape(TfliteImport& in) {
  if (element_count(in.operand(0).shape) != element_count(in.output().shape))
    return in.malformed("reshapes " + to_string(in.operand(0).shape) + " to " + to_string(in.output().shape));
  if (is_plain_integers(in, 1)) {
    in.emit(Op::general, {in.inputs[0]}, reshape_to(in.output().shape));
    return {};
  }
  in.emit(Op::reshape, {in.inputs[0]}, ReshapeAttributes{in.output().shape});
  return {};
}

/// A constant repeated to a whole shape, by NumPy's rules; none where it does not broadcast.
TensorId repeated(Graph& graph, TensorId id, const Shape& to) {
  const Tensor& from = graph[id];
  Shape shape = from.shape;
  if (shape.size() > to.size()) return {};
  shape.insert(shape.begin(), to.size() - shape.size(), 1);
  const usize element = dtype_bytes(from.dtype);
  Tensor whole{from.name, from.dtype, to, from.quantization, true};
  for (i64 i = 0, count = element_count(to); i < count; ++i) {
    i64 at = 0, rest = i, stride = 1;
    for (usize axis = to.size(); axis-- > 0;) {
      const i64 index = rest % to[axis];
      rest /= to[axis];
      if (shape[axis] != 1 && shape[axis] != to[axis]) return {};
      if (shape[axis] != 1) at += index * stride;
      stride *= shape[axis];
    }
    const auto first = from.data.begin() + static_cast<std::ptrdiff_t>(static_cast<usize>(at) * element);
    whole.data.insert(whole.data.end(), first, first + static_cast<std::ptrdiff_t>(element));
  }
  return graph.add_tensor(std::move(whole));
}

Status import_binary(TfliteImport& in, Op op) {
  if (is_plain_integers(in, 2))
    return emit_real(in,
                     general(op == Op::add   ? Binary::add
                             : op == Op::mul ? Binary::multiply
                                             : Binary::subtract),
                     in.inputs, field::kBinaryActivation);
  TRY(check_scales(in, 2, op != Op::mul));
  std::vector<TensorId> operands = in.inputs;
  const Shape& shape = in.output().shape;
  const Tensor& first = in.graph[operands[0]];
  if (op != Op::sub_wide && (first.shape != shape || first.constant)) std::swap(operands[0], operands[1]);
  const bool may_be_real = op != Op::sub_wide && in.output().dtype != DType::i16;
  const auto by_real_values = [&] {
    return emit_real(in, general(op == Op::add ? Binary::add : Binary::multiply), in.inputs,
                     field::kBinaryActivation);
  };
  if (in.graph[operands[0]].shape != shape)
    return may_be_real ? by_real_values() : in.unsupported("both operands broadcast");
  if (!repeats_along(shape, in.graph[operands[1]].shape)) {
    if (!in.graph[operands[1]].constant)
      return may_be_real ? by_real_values()
                         : in.unsupported("broadcasts " + to_string(in.graph[operands[1]].shape) + " to " +
                                          to_string(shape));
    operands[1] = repeated(in.graph, operands[1], shape);
    if (!operands[1].valid()) return in.malformed("its operands do not broadcast");
  }
  in.emit(op, operands, {}, TRY(in.activation(field::kBinaryActivation)));
  return {};
}
Status import_sub(TfliteImport& in) {
  if (in.output().dtype != DType::i16)
    return emit_real(in, general(Binary::subtract), in.inputs, field::kBinaryActivation);
  return import_binary(in, Op::sub_wide);
}
Status import_add(TfliteImport& in) { return import_binary(in, Op::add); }
Status import_mul(TfliteImport& in) { return import_binary(in, Op::mul); }

/// `id` in the scale `to`; itself where it has that scale.
TensorId rescaled(TfliteImport& in, TensorId id, const Quantization& to) {
  if (in.graph[id].dtype != DType::i8 || *in.graph[id].quantization == to) return id;
  Tensor tensor{in.graph[id].name + ".rescaled", DType::i8, in.graph[id].shape, to};
  return in.emit_to(std::move(tensor), Op::requantize, {id});
}

Status import_concat(TfliteImport& in) {
  const bool plain = is_plain_integers(in, in.inputs.size());
  if (!plain) TRY(check_scales(in, in.inputs.size()));
  const i64 rank = static_cast<i64>(in.output().shape.size());
  i64 axis = in.options.scalar<i32>(field::kConcatAxis, 0);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return in.malformed("its axis is outside the rank");
  if (!TRY(in.activation(field::kConcatActivation)).none()) return in.unsupported("a fused activation");
  std::vector<TensorId> operands;
  for (TensorId input : in.inputs) {
    if (!input.valid()) return in.malformed("an input is missing");
    operands.push_back(in.is_float() || plain ? input : rescaled(in, input, *in.output().quantization));
  }
  if (plain) {
    in.emit(Op::general, operands, general(FunctionId::concat, {axis}));
    return {};
  }
  in.emit(Op::concat, operands, AxisAttributes{axis});
  return {};
}

Status import_pad(TfliteImport& in) {
  const usize rank = in.operand(0).shape.size();
  const auto pads = TRY(in.constant(1, "the paddings"));
  if (pads.size() != 2 * rank) return in.malformed("its paddings do not fit the rank");
  PadAttributes attributes;
  for (usize axis = 0; axis < rank; ++axis) {
    attributes.before.push_back(pads[2 * axis]);
    attributes.after.push_back(pads[2 * axis + 1]);
    if (pads[2 * axis] < 0 || pads[2 * axis + 1] < 0 || pads[2 * axis] > 65535 || pads[2 * axis + 1] > 65535)
      return in.malformed("a padding is not within 0 and 65535");
  }
  if (in.has(2)) {
    if (!in.operand(2).constant || element_count(in.operand(2).shape) != 1)
      return in.unsupported("the padding's value is computed at run time");
    attributes.value = constant_floats(in.graph[as_float(in.graph, in.inputs[2])])[0];
  }
  in.emit(Op::pad, {in.inputs[0]}, attributes);
  return {};
}

Status import_transpose(TfliteImport& in) {
  const auto order = TRY(in.constant(1, "the permutation"));
  TransposeAttributes attributes;
  for (i64 axis : order) {
    if (axis < 0) axis += static_cast<i64>(order.size());
    if (axis < 0 || axis >= static_cast<i64>(order.size())) return in.malformed("its permutation is none");
    attributes.perm.push_back(static_cast<u32>(axis));
  }
  in.emit(Op::transpose, {in.inputs[0]}, attributes);
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

Status import_clamp(TfliteImport& in, Clamp clamp) {
  TRY(check_scales(in, 1));
  // An integer clamp may change the scale as well.
  in.emit(in.is_float() ? Op::clamp : Op::requantize, {in.inputs[0]}, {}, clamp);
  return {};
}
Status import_relu(TfliteImport& in) { return import_clamp(in, {0, kInfinity}); }
Status import_relu6(TfliteImport& in) { return import_clamp(in, {0, 6}); }
Status import_relu_n1(TfliteImport& in) { return import_clamp(in, {-1, 1}); }

Status import_quantize(TfliteImport& in) {
  const DType from = in.operand(0).dtype, to = in.output().dtype;
  const auto is_wide = [](const Tensor& tensor) {
    return has_one_scale(tensor, DType::i16) || has_one_scale(tensor, DType::i32);
  };
  const auto is_integer = [&](const Tensor& tensor) {
    return is_wide(tensor) || has_one_scale(tensor, DType::i8);
  };
  if (is_integer(in.operand(0)) && is_integer(in.output())) {
    in.emit(Op::requantize, {in.inputs[0]});
    return {};
  }
  if (from == DType::f32 && is_wide(in.output())) {
    in.emit(Op::quantize, {in.inputs[0]}, QuantizeAttributes{*in.output().quantization, to});
    return {};
  }
  if (to != DType::i8 || !in.output().quantization || in.output().quantization->per_channel())
    return in.unsupported(std::string("quantises ") + dtype_name(from) + " to " + dtype_name(to));
  if (from == DType::f32)
    in.emit(Op::quantize, {in.inputs[0]}, QuantizeAttributes{*in.output().quantization, to});
  else
    return in.unsupported(std::string("quantises ") + dtype_name(from) + " to " + dtype_name(to));
  return {};
}

/// Of a constant (float16 or int8 weights stored small) at once, of an activation at run time.
Status import_dequantize(TfliteImport& in) {
  if (in.output().dtype != DType::f32) return in.unsupported("dequantises to something else than float");
  if (in.operand(0).constant) {
    const Tensor& real = in.graph[as_float(in.graph, in.inputs[0])];
    if (real.shape != in.output().shape) return in.malformed("changes the shape");
    in.output().constant = true;
    in.output().data = real.data;
    return {};
  }
  if (in.operand(0).dtype != DType::i8 || !in.operand(0).quantization ||
      in.operand(0).quantization->per_channel())
    return in.unsupported(std::string("dequantises ") + dtype_name(in.operand(0).dtype));
  in.emit(Op::dequantize, {in.inputs[0]}, QuantizeAttributes{*in.operand(0).quantization, DType::i8});
  return {};
}

/// A function of one int8 value is a table of 256, which holds the exact function rounded half away from
/// zero; of floats it is a general function.
template <class Function>
Status emit_table(TfliteImport& in, const GeneralAttributes& real_function, Function function) {
  TRY(check_scales(in, 1));
  if (in.is_float()) return emit_real(in, real_function, {in.inputs[0]});
  const Quantization& x = *in.operand(0).quantization;
  const Quantization& y = *in.output().quantization;
  std::vector<i8> table;
  for (i32 q = -128; q < 128; ++q) {
    const f32 real = x.scales[0] * static_cast<f32>(q - x.zero_points[0]);
    const f32 value =
        std::round(static_cast<f32>(function(real)) / y.scales[0]) + static_cast<f32>(y.zero_points[0]);
    table.push_back(static_cast<i8>(std::clamp(value, -128.0f, 127.0f)));
  }
  const TensorId constant = in.graph.add_constant(in.name + ".table", DType::i8, {256}, table);
  in.emit(Op::lookup, {in.inputs[0], constant});
  return {};
}
Status import_logistic(TfliteImport& in) {
  return emit_table(in, general(Unary::sigmoid), [](f32 x) { return 1.0f / (1.0f + std::exp(-x)); });
}
Status import_tanh(TfliteImport& in) {
  return emit_table(in, general(Unary::tanh), [](f32 x) { return std::tanh(x); });
}
Status import_hard_swish(TfliteImport& in) {
  return emit_table(in, general(Unary::hard_swish),
                    [](f32 x) { return x * std::clamp(x + 3, 0.0f, 6.0f) / 6; });
}
Status import_elu(TfliteImport& in) {
  return emit_table(in, general(Unary::elu, 1), [](f32 x) { return x < 0 ? std::expm1(x) : x; });
}
Status import_exp(TfliteImport& in) {
  return emit_table(in, general(Unary::exp), [](f32 x) { return std::exp(x); });
}
Status import_leaky_relu(TfliteImport& in) {
  const f32 alpha = in.options.scalar<f32>(field::kAlpha, 0);
  if (in.output().dtype == DType::i16) {
    TRY(check_scales(in, 1, true));
    if (!(alpha >= 0 && alpha < 1e6f)) return in.unsupported("an alpha below 0");
    in.emit(Op::leaky_relu_wide, {in.inputs[0]}, LeakyReluAttributes{alpha});
    return {};
  }
  return emit_table(in, general(Unary::leaky, alpha), [alpha](f32 x) { return x < 0 ? alpha * x : x; });
}

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

/// The part along every axis: first index and step; the output's shape is the file's.
Status emit_slice(TfliteImport& in, const std::vector<i64>& begin, const std::vector<i64>& step,
                  const Shape& shape) {
  const Shape& x = in.operand(0).shape;
  SliceAttributes attributes{begin, {}, step};
  for (usize axis = 0; axis < x.size(); ++axis) {
    if (begin[axis] < 0 || step[axis] < 1 || shape[axis] < 1 || shape[axis] > x[axis] ||
        begin[axis] >= x[axis] || step[axis] > x[axis])
      return in.malformed("slices outside its input");
    attributes.end.push_back(begin[axis] + (shape[axis] - 1) * step[axis] + 1);
    if (attributes.end.back() > x[axis]) return in.malformed("slices outside its input");
  }
  if (element_count(shape) != element_count(in.output().shape))
    return in.malformed("its output has another size");
  Tensor whole{in.name + ".slice", in.output().dtype, shape, in.output().quantization};
  if (is_plain_integers(in, 1)) {
    std::vector<i64> ints = begin;
    ints.resize(16);
    std::copy(step.begin(), step.end(), ints.begin() + 8);
    ints.insert(ints.end(), shape.begin(), shape.end());
    const TensorId made =
        in.emit_to(std::move(whole), Op::general, {in.inputs[0]}, general(FunctionId::slice, ints));
    in.emit(Op::general, {made}, reshape_to(in.output().shape));
    return {};
  }
  if (shape == in.output().shape) {
    in.emit(Op::strided_slice, {in.inputs[0]}, attributes);
    return {};
  }
  const TensorId made = in.emit_to(std::move(whole), Op::strided_slice, {in.inputs[0]}, attributes);
  in.emit(Op::reshape, {made}, ReshapeAttributes{in.output().shape});
  return {};
}

Status import_strided_slice(TfliteImport& in) {
  const Shape& x = in.operand(0).shape;
  const auto begins = TRY(in.constant(1, "the bounds")), ends = TRY(in.constant(2, "the bounds")),
             steps = TRY(in.constant(3, "the steps"));
  const auto mask = [&](u32 number) { return in.options.scalar<i32>(number, 0); };
  const i32 begin_mask = mask(0), end_mask = mask(1), shrink_mask = mask(4);
  if (mask(2) != 0 || mask(3) != 0) return in.unsupported("an ellipsis or a new axis");
  if (begins.size() != x.size() || ends.size() != x.size() || steps.size() != x.size())
    return in.unsupported("bounds for some axes only");
  Shape shape;
  std::vector<i64> begin;
  for (usize axis = 0; axis < x.size(); ++axis) {
    const i64 extent = x[axis];
    const auto bound = [&](i64 at) { return std::clamp<i64>(at < 0 ? at + extent : at, 0, extent); };
    if (steps[axis] < 1 || steps[axis] > extent) return in.unsupported("a step that is not within the axis");
    const i64 from = (begin_mask >> axis & 1) != 0 ? 0 : bound(begins[axis]);
    i64 to = (end_mask >> axis & 1) != 0 ? extent : bound(ends[axis]);
    if ((shrink_mask >> axis & 1) != 0) to = from + 1;
    begin.push_back(from);
    shape.push_back((to - from + steps[axis] - 1) / steps[axis]);
  }
  return emit_slice(in, begin, steps, shape);
}

Status import_slice(TfliteImport& in) {
  const Shape& x = in.operand(0).shape;
  const auto begin = TRY(in.constant(1, "the begin")), size = TRY(in.constant(2, "the size"));
  if (begin.size() != x.size() || size.size() != x.size())
    return in.malformed("its bounds do not fit the rank");
  Shape shape;
  for (usize axis = 0; axis < x.size(); ++axis) {
    if (begin[axis] < 0 || begin[axis] >= x[axis]) return in.malformed("slices outside its input");
    shape.push_back(size[axis] < 0 ? x[axis] - begin[axis] : size[axis]);
  }
  return emit_slice(in, begin, std::vector<i64>(x.size(), 1), shape);
}

/// The one table of operators that can be imported, by name.
constexpr TfliteRule kRules[] = {
    {"ADD", 2, 2, import_add},
    {"AVERAGE_POOL_2D", 1, 1, import_average_pool},
    {"CONCATENATION", 1, 32, import_concat},
    {"CONV_2D", 2, 3, import_conv},
    {"DEPTHWISE_CONV_2D", 2, 3, import_depthwise},
    {"DEQUANTIZE", 1, 1, import_dequantize},
    {"ELU", 1, 1, import_elu},
    {"EXP", 1, 1, import_exp},
    {"EXPAND_DIMS", 1, 2, import_reshape},
    {"FULLY_CONNECTED", 2, 3, import_fully_connected},
    {"HARD_SWISH", 1, 1, import_hard_swish},
    {"LEAKY_RELU", 1, 1, import_leaky_relu},
    {"LOGISTIC", 1, 1, import_logistic},
    {"MAX_POOL_2D", 1, 1, import_max_pool},
    {"MEAN", 2, 2, import_mean},
    {"MUL", 2, 2, import_mul},
    {"PAD", 2, 2, import_pad},
    {"PADV2", 3, 3, import_pad},
    {"QUANTIZE", 1, 1, import_quantize},
    {"RELU", 1, 1, import_relu},
    {"RELU6", 1, 1, import_relu6},
    {"RELU_N1_TO_1", 1, 1, import_relu_n1},
    {"RESHAPE", 1, 2, import_reshape},
    {"SLICE", 3, 3, import_slice},
    {"SOFTMAX", 1, 1, import_softmax},
    {"SQUEEZE", 1, 1, import_reshape},
    {"STRIDED_SLICE", 4, 4, import_strided_slice},
    {"SUB", 2, 2, import_sub},
    {"TANH", 1, 1, import_tanh},
    {"TRANSPOSE", 2, 2, import_transpose},
    {"TRANSPOSE_CONV", 3, 4, import_transpose_conv},
};

}  // namespace

Result<std::vector<i64>> TfliteImport::constant(usize index, const char* what) const {
  if (!operand(index).constant) return unsupported(std::string(what) + " are computed at run time");
  return constant_ints(operand(index));
}

Result<Clamp> TfliteImport::activation(u32 field) const {
  switch (options.scalar<i8>(field, 0)) {
    case 0: return Clamp{};
    case 1: return Clamp{0, kInfinity};
    case 2: return Clamp{-1, 1};
    case 3: return Clamp{0, 6};
    default: return unsupported("the fused activation is neither RELU, RELU6 nor RELU_N1_TO_1");
  }
}

void TfliteImport::emit(Op op, std::vector<TensorId> operands, Attributes attributes, Clamp clamp) {
  graph.append({op, name, std::move(operands), outputs[0], std::move(attributes), clamp});
}

TensorId TfliteImport::emit_to(Tensor tensor, Op op, std::vector<TensorId> operands, Attributes attributes,
                               Clamp clamp) {
  const std::string node_name = tensor.name;
  const TensorId made = graph.add_tensor(std::move(tensor));
  graph.append({op, node_name, std::move(operands), made, std::move(attributes), clamp});
  return made;
}

TensorId as_float(Graph& graph, TensorId id) {
  const Tensor& from = graph[id];
  if (from.dtype == DType::f32) return id;
  std::vector<f32> values = from.dtype == DType::f16 ? half_floats(from.data) : constant_floats(from);
  if (from.quantization) {
    const Quantization& q = *from.quantization;
    usize run = 1;  // elements per index of the axis
    for (usize i = q.per_channel() ? static_cast<usize>(q.axis) + 1 : 0; i < from.shape.size(); ++i)
      run *= static_cast<usize>(from.shape[i]);
    for (usize i = 0; i < values.size(); ++i) {
      const usize at = q.per_channel() ? i / run % q.scales.size() : 0;
      values[i] = (values[i] - static_cast<f32>(q.zero_points[at])) * q.scales[at];
    }
  }
  return graph.add_constant(from.name, DType::f32, from.shape, values);
}

const TfliteRule* tflite_rule(std::string_view name) {
  for (const std::span<const TfliteRule> table : {std::span<const TfliteRule>(kRules), general_tflite_rules(),
                                                  recurrent_tflite_rules(), signal_tflite_rules()})
    for (const TfliteRule& rule : table)
      if (name == rule.name) return &rule;
  return nullptr;
}

std::vector<std::string> importable_tflite_operators() {
  std::vector<std::string> names;
  for (const TfliteRule& rule : kRules) names.push_back(rule.name);
  for (const auto rules : {general_tflite_rules(), recurrent_tflite_rules(), signal_tflite_rules()})
    for (const TfliteRule& rule : rules) names.push_back(rule.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace pipit::model
