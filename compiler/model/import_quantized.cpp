// Quantised operators. QDQ and QOperator models with constant scales keep their structure, so that lowering
// finds the integer layers; scales computed at run time become general functions.
#include <algorithm>

#include "compiler/model/import_operators.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

/// Scale and zero point at inputs `scale` and `scale` + 1 of an `integer` tensor of `shape`, if both are
/// known.
std::optional<QuantizeAttributes> known_quantization(const Import& in, usize scale, DType integer, i64 axis,
                                                     const Shape& shape) {
  const bool has_zero = in.has(scale + 1);
  if (!in.operand(scale).constant || in.operand(scale).dtype != DType::f32 ||
      (has_zero && !in.operand(scale + 1).constant))
    return std::nullopt;
  if (integer != DType::i8 && integer != DType::u8 && integer != DType::i32) return std::nullopt;
  QuantizeAttributes attributes{{}, integer};
  Quantization& q = attributes.quantization;
  q.scales = constant_floats(in.operand(scale));
  q.zero_points.assign(q.scales.size(), 0);
  if (has_zero) {
    const auto zeros = constant_ints(in.operand(scale + 1));
    if (zeros.size() != q.scales.size()) return std::nullopt;
    for (usize i = 0; i < zeros.size(); ++i) q.zero_points[i] = static_cast<i32>(zeros[i]);
  }
  for (f32 value : q.scales)
    if (!(value > 0) || !(value < 1e30f)) return std::nullopt;
  if (q.scales.size() == 1) return attributes;
  if (axis < 0 || axis >= static_cast<i64>(shape.size()) ||
      shape[static_cast<usize>(axis)] != static_cast<i64>(q.scales.size()))
    return std::nullopt;
  q.axis = static_cast<i32>(axis);
  return attributes;
}

Result<i64> read_axis(Import& in) {
  const i64 axis = TRY(in.attributes.integer("axis", 1));
  if (TRY(in.attributes.integer("block_size", 0)) != 0)
    return Error(Code::unsupported, "blocked quantisation");
  TRY(in.attributes.integer("saturate", 1));
  const bool per_tensor = element_count(in.operand(1).shape) == 1;
  return per_tensor ? Result<i64>(-1) : in.axis(axis, in.rank(0));
}

Result<TensorId> import_quantize(Import& in) {
  const i64 axis = TRY(read_axis(in));
  const DType integer = in.has(2) ? in.dtype(2) : DType::u8;
  TRY(in.attributes.integer("output_dtype", 0));
  const auto known = known_quantization(in, 1, integer, axis, in.operand(0).shape);
  if (known && in.dtype(0) == DType::f32 && element_count(in.operand(0).shape) > 0)
    return in.emit(Op::quantize, {in.inputs[0]}, *known);
  const TensorId zero = in.has(2) ? in.inputs[2] : in.fill(integer, in.operand(1).shape, 0);
  return in.emit(FunctionId::quantize, {in.inputs[0], in.inputs[1], zero}, {axis});
}

Result<TensorId> import_dequantize(Import& in) {
  const i64 axis = TRY(read_axis(in));
  const auto known = known_quantization(in, 1, in.dtype(0), axis, in.operand(0).shape);
  if (known && element_count(in.operand(0).shape) > 0) return in.emit(Op::dequantize, {in.inputs[0]}, *known);
  const TensorId zero = in.has(2) ? in.inputs[2] : in.fill(in.dtype(0), in.operand(1).shape, 0);
  return in.emit(FunctionId::dequantize, {in.inputs[0], in.inputs[1], zero}, {axis});
}

/// Scale and zero point from the data: the range always holds 0.
Result<TensorId> import_dynamic_quantize(Import& in) {
  std::vector<i64> axes;
  for (usize i = 0; i < in.rank(0); ++i) axes.push_back(static_cast<i64>(i));
  const TensorId zero = in.number(DType::f32, 0);
  const TensorId low =
      TRY(in.binary(Binary::minimum, TRY(in.reduce(Reduce::minimum, in.inputs[0], axes, false)), zero));
  const TensorId high =
      TRY(in.binary(Binary::maximum, TRY(in.reduce(Reduce::maximum, in.inputs[0], axes, false)), zero));
  const TensorId scale =
      TRY(in.binary(Binary::divide, TRY(in.binary(Binary::subtract, high, low)), in.number(DType::f32, 255)));
  const TensorId offset = TRY(in.unary(Unary::negate, TRY(in.binary(Binary::divide, low, scale))));
  const TensorId rounded = TRY(in.unary(Unary::round, offset));
  const TensorId zero_point = TRY(in.cast(rounded, DType::u8));
  if (in.wants_output(1)) in.bind(1, scale);
  if (in.wants_output(2)) in.bind(2, zero_point);
  return in.emit(FunctionId::quantize, {in.inputs[0], scale, zero_point}, {-1});
}

/// Integers with the zero point taken off, as int32. A zero point a row or column is repeated along `axis`.
Result<TensorId> centred(Import& in, usize x, usize zero, i64 axis) {
  TensorId wide = TRY(in.cast(in.inputs[x], DType::i32));
  if (!in.has(zero)) return wide;
  TensorId offset = TRY(in.cast(in.inputs[zero], DType::i32));
  if (element_count(in.graph[offset].shape) > 1 && in.graph[offset].shape.size() == 1) {
    Shape shape(in.rank(x), 1);
    shape[static_cast<usize>(TRY(in.axis(axis, in.rank(x))))] = element_count(in.graph[offset].shape);
    offset = TRY(in.reshape(offset, shape));
  } else if (element_count(in.graph[offset].shape) == 1) {
    offset = TRY(in.reshape(offset, {}));
  }
  return in.binary(Binary::subtract, wide, offset);
}

Result<TensorId> import_matmul_integer(Import& in) {
  return in.emit(FunctionId::matmul, {TRY(centred(in, 0, 2, -2)), TRY(centred(in, 1, 3, -1))});
}

/// The window attributes of a convolution as a general function takes them.
Result<std::vector<i64>> conv_ints(Import& in, usize x_index, usize w_index) {
  const Shape& x = in.operand(x_index).shape;
  const Shape& w = in.operand(w_index).shape;
  if (x.size() < 3 || x.size() > 6 || w.size() != x.size())
    return Error(Code::malformed, "needs x [N,C,…] and weights [O,I,…]");
  const usize axes = x.size() - 2;
  auto strides = TRY(in.attributes.integers("strides")), dilations = TRY(in.attributes.integers("dilations"));
  auto pads = TRY(in.attributes.integers("pads"));
  TRY(in.attributes.integers("kernel_shape"));
  const std::string mode = TRY(in.attributes.text("auto_pad", "NOTSET"));
  if (strides.empty()) strides.assign(axes, 1);
  if (dilations.empty()) dilations.assign(axes, 1);
  if (pads.empty()) pads.assign(2 * axes, 0);
  if (strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes)
    return Error(Code::malformed, "needs a stride and pads an axis");
  std::vector<i64> ints(24, 0);
  ints[0] = TRY(in.attributes.integer("group", 1));
  for (usize i = 0; i < axes; ++i) {
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
      const i64 stride = std::max<i64>(strides[i], 1), reach = dilations[i] * (w[2 + i] - 1) + 1;
      const i64 total = std::max<i64>(((x[2 + i] + stride - 1) / stride - 1) * stride + reach - x[2 + i], 0);
      pads[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      pads[axes + i] = total - pads[i];
    }
    ints[1 + i] = strides[i];
    ints[5 + i] = dilations[i];
    ints[9 + i] = pads[i];
    ints[13 + i] = pads[axes + i];
  }
  return ints;
}

Result<TensorId> import_conv_integer(Import& in) {
  const auto ints = TRY(conv_ints(in, 0, 1));
  return in.emit(FunctionId::conv, {TRY(centred(in, 0, 2, 1)), TRY(centred(in, 1, 3, 0))}, ints);
}

/// An int32 sum as quantised output: its scale is the product of the operands' over the output's.
Result<TensorId> requantise(Import& in, TensorId sum, TensorId a_scale, TensorId b_scale, usize y_scale,
                            usize y_zero) {
  const TensorId factor = TRY(in.binary(Binary::multiply, a_scale, b_scale));
  const TensorId real = TRY(in.binary(Binary::multiply, TRY(in.cast(sum, DType::f32)), factor));
  const auto scalar = [&](usize i) { return in.reshape(in.inputs[i], {}); };
  return in.emit(FunctionId::quantize, {real, TRY(scalar(y_scale)), TRY(scalar(y_zero))}, {-1});
}

/// Inputs a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero.
Result<TensorId> import_qlinear_matmul(Import& in) {
  const TensorId sum =
      TRY(in.emit(FunctionId::matmul, {TRY(centred(in, 0, 2, -2)), TRY(centred(in, 3, 5, -1))}));
  TensorId a_scale = in.inputs[1];
  if (element_count(in.operand(1).shape) > 1 && in.rank(1) == 1)
    a_scale = TRY(in.reshape(a_scale, {in.operand(1).shape[0], 1}));
  return requantise(in, sum, a_scale, in.inputs[4], 6, 7);
}

/// A dequantised input, for lowering to find; none where its scale is not known.
Result<TensorId> known_real(Import& in, usize x, usize scale, i64 axis) {
  const auto known = known_quantization(in, scale, in.dtype(x), axis, in.operand(x).shape);
  return known ? in.emit(Op::dequantize, {in.inputs[x]}, *known) : Result<TensorId>(TensorId{});
}

/// Inputs x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias.
Result<TensorId> import_qlinear_conv(Import& in) {
  auto ints = TRY(conv_ints(in, 0, 3));
  const bool image = in.rank(0) == 4 && in.operand(3).constant && (!in.has(8) || in.operand(8).constant);
  const Shape out_shape{1};
  const auto output = known_quantization(in, 6, in.dtype(7), -1, out_shape);
  const bool small = std::all_of(ints.begin(), ints.end(), [](i64 v) { return v >= 0 && v <= 65535; });
  if (image && output && small) {
    const TensorId x = TRY(known_real(in, 0, 1, -1)), w = TRY(known_real(in, 3, 4, 0));
    if (x.valid() && w.valid()) {
      std::vector<TensorId> operands{x, w};
      if (in.has(8)) {
        const auto xs = constant_floats(in.operand(1)), ws = constant_floats(in.operand(4));
        QuantizeAttributes bias{{{}, {}, ws.size() == 1 ? -1 : 0}, DType::i32};
        for (f32 s : ws) bias.quantization.scales.push_back(xs[0] * s);
        bias.quantization.zero_points.assign(ws.size(), 0);
        operands.push_back(TRY(in.emit(Op::dequantize, {in.inputs[8]}, bias)));
      }
      ConvAttributes conv;
      conv.group = static_cast<u32>(ints[0]);
      for (usize i = 0; i < 2; ++i) {
        conv.window.kernel[i] = static_cast<u32>(in.operand(3).shape[2 + i]);
        conv.window.stride[i] = static_cast<u32>(ints[1 + i]);
        conv.window.dilation[i] = static_cast<u32>(ints[5 + i]);
        conv.window.pad_begin[i] = static_cast<u32>(ints[9 + i]);
        conv.window.pad_end[i] = static_cast<u32>(ints[13 + i]);
      }
      return in.emit(Op::quantize, {TRY(in.emit(Op::conv, operands, conv))}, *output);
    }
  }
  TensorId sum = TRY(in.emit(FunctionId::conv, {TRY(centred(in, 0, 2, 1)), TRY(centred(in, 3, 5, 0))}, ints));
  Shape channel(in.rank(0) - 1, 1);
  channel[0] = in.operand(3).shape[0];
  if (in.has(8)) sum = TRY(in.binary(Binary::add, sum, TRY(in.reshape(in.inputs[8], channel))));
  TensorId w_scale = in.inputs[4];
  if (element_count(in.operand(4).shape) > 1) w_scale = TRY(in.reshape(w_scale, channel));
  return requantise(in, sum, in.inputs[1], w_scale, 6, 7);
}

constexpr ImportRule kRules[] = {
    {"ConvInteger", 2, 4, import_conv_integer},
    {"DequantizeLinear", 2, 3, import_dequantize},
    {"DynamicQuantizeLinear", 1, 1, import_dynamic_quantize},
    {"MatMulInteger", 2, 4, import_matmul_integer},
    {"QLinearConv", 8, 9, import_qlinear_conv},
    {"QLinearMatMul", 8, 8, import_qlinear_matmul},
    {"QuantizeLinear", 2, 3, import_quantize},
};

}  // namespace

std::span<const ImportRule> quantized_rules() { return kRules; }

}  // namespace pipit::model
