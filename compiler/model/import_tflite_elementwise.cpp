// One element at a time.
#include <algorithm>
#include <cmath>

#include "compiler/model/import_tflite_operators.h"
#include "compiler/model/passes/passes.h"
#include "compiler/model/quantized.h"

namespace pipit::model {
namespace {

using support::Status;

// Fields of the options.
constexpr u32 kBinaryActivation = 0, kAlpha = 0;

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
                     in.inputs, kBinaryActivation);
  TRY(check_scales(in, 2, op != Op::mul));
  std::vector<TensorId> operands = in.inputs;
  const Shape& shape = in.output().shape;
  const Tensor& first = in.graph[operands[0]];
  if (op != Op::sub_wide && (first.shape != shape || first.constant)) std::swap(operands[0], operands[1]);
  const bool may_be_real = op != Op::sub_wide && in.output().dtype != DType::i16;
  const auto by_real_values = [&] {
    return emit_real(in, general(op == Op::add ? Binary::add : Binary::multiply), in.inputs,
                     kBinaryActivation);
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
  in.emit(op, operands, {}, TRY(in.activation(kBinaryActivation)));
  return {};
}
Status import_sub(TfliteImport& in) {
  if (in.output().dtype != DType::i16)
    return emit_real(in, general(Binary::subtract), in.inputs, kBinaryActivation);
  return import_binary(in, Op::sub_wide);
}
Status import_add(TfliteImport& in) { return import_binary(in, Op::add); }
Status import_mul(TfliteImport& in) { return import_binary(in, Op::mul); }

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
    in.emit(Op::quantize, {in.inputs[0]}, QuantizeAttributes{quantization_of(in.output()), to});
    return {};
  }
  if (to != DType::i8 || !in.output().quantization || in.output().quantization->per_channel())
    return in.unsupported(std::string("quantises ") + dtype_name(from) + " to " + dtype_name(to));
  if (from == DType::f32)
    in.emit(Op::quantize, {in.inputs[0]}, QuantizeAttributes{quantization_of(in.output()), to});
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
  if (!has_one_scale(in.operand(0), DType::i8))
    return in.unsupported(std::string("dequantises ") + dtype_name(in.operand(0).dtype));
  in.emit(Op::dequantize, {in.inputs[0]}, QuantizeAttributes{quantization_of(in.operand(0)), DType::i8});
  return {};
}

/// A function of one int8 value is a table of 256, which holds the exact function rounded half away from
/// zero; of floats it is a general function.
template <class Function>
Status emit_table(TfliteImport& in, const GeneralAttributes& real_function, Function function) {
  TRY(check_scales(in, 1));
  if (in.is_float()) return emit_real(in, real_function, {in.inputs[0]});
  const Quantization& x = quantization_of(in.operand(0));
  const Quantization& y = quantization_of(in.output());
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
  const f32 alpha = in.options.scalar<f32>(kAlpha, 0);
  if (in.output().dtype == DType::i16) {
    TRY(check_scales(in, 1, true));
    if (!(alpha >= 0 && alpha < 1e6f)) return in.unsupported("an alpha below 0");
    in.emit(Op::leaky_relu_wide, {in.inputs[0]}, LeakyReluAttributes{alpha});
    return {};
  }
  return emit_table(in, general(Unary::leaky, alpha), [alpha](f32 x) { return x < 0 ? alpha * x : x; });
}

constexpr TfliteRule kRules[] = {
    {"ADD", 2, 2, import_add},
    {"DEQUANTIZE", 1, 1, import_dequantize},
    {"ELU", 1, 1, import_elu},
    {"EXP", 1, 1, import_exp},
    {"HARD_SWISH", 1, 1, import_hard_swish},
    {"LEAKY_RELU", 1, 1, import_leaky_relu},
    {"LOGISTIC", 1, 1, import_logistic},
    {"MUL", 2, 2, import_mul},
    {"QUANTIZE", 1, 1, import_quantize},
    {"RELU", 1, 1, import_relu},
    {"RELU6", 1, 1, import_relu6},
    {"RELU_N1_TO_1", 1, 1, import_relu_n1},
    {"SUB", 2, 2, import_sub},
    {"TANH", 1, 1, import_tanh},
};

}  // namespace

std::span<const TfliteRule> elementwise_tflite_rules() { return kRules; }

}  // namespace pipit::model
