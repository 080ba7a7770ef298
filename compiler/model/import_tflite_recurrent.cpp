// Layers that remember: their variable tensors become states of the planned model.
#include <cmath>

#include "compiler/model/import_tflite_operators.h"
#include "compiler/model/quantized.h"
#include "nn/fixed_point.h"

namespace pipit::model {
namespace {

using support::Result;
using support::Status;

// Fields of the options.
constexpr u32 kRank = 0, kSvdfActivation = 1;
constexpr u32 kLstmActivation = 0, kCellClip = 1, kTimeMajor = 3;
constexpr i8 kRelu = 1, kTanh = 4;

Status check_state(const TfliteImport& in, usize index, i64 elements) {
  if (!in.has(index) || !in.operand(index).state)
    return in.malformed("its operand " + std::to_string(index) + " is no variable tensor");
  if (element_count(in.operand(index).shape) != elements)
    return in.malformed("its state " + to_string(in.operand(index).shape) + " does not hold " +
                        std::to_string(elements) + " values");
  return {};
}

/// A constant matrix [rows,columns] of the element type.
Status check_matrix(const TfliteImport& in, usize index, const Shape& shape, DType dtype) {
  if (!in.has(index)) return in.malformed("its weights " + std::to_string(index) + " are missing");
  const Tensor& tensor = in.operand(index);
  if (!tensor.constant) return in.unsupported("its weights are computed at run time");
  if (tensor.dtype != dtype)
    return in.unsupported(std::string("weights of ") + dtype_name(tensor.dtype) + " with activations of " +
                          dtype_name(in.operand(0).dtype));
  if (tensor.shape != shape)
    return in.malformed("its weights are " + to_string(tensor.shape) + " instead of " + to_string(shape));
  return {};
}

Status check_svdf_integers(const TfliteImport& in) {
  const DType time = in.operand(2).dtype;
  if (!has_one_scale(in.operand(0), DType::i8) || !has_one_scale(in.operand(1), DType::i8) ||
      !has_one_scale(in.output(), DType::i8) || (time != DType::i8 && time != DType::i16) ||
      !has_one_scale(in.operand(2), time) || !has_one_scale(in.operand(4), time))
    return in.unsupported("neither float nor int8 with a state of int8 or int16");
  if (zero_of(in.operand(1)) != 0 || zero_of(in.operand(2)) != 0 ||
      (time == DType::i16 && zero_of(in.operand(4)) != 0))
    return in.unsupported("weights or an int16 state with a zero point");
  return {};
}

Status import_svdf(TfliteImport& in) {
  const DType dtype = in.operand(0).dtype;
  const Shape x = in.operand(0).shape;
  if (x.size() != 2 || in.operand(1).shape.size() != 2 || in.operand(2).shape.size() != 2)
    return in.malformed("needs a batch of rows and matrices of weights");
  const i64 filters = in.operand(1).shape[0], memory = in.operand(2).shape[1];
  const i32 rank = in.options.scalar<i32>(kRank, 0);
  if (rank < 1 || filters % rank != 0) return in.malformed("its rank does not divide the filters");
  TRY(check_matrix(in, 1, {filters, x[1]}, dtype));
  TRY(check_matrix(in, 2, {filters, memory}, in.operand(2).dtype));
  TRY(check_state(in, 4, x[0] * filters * memory));
  const i64 units = filters / rank;
  if (in.output().shape != Shape{x[0], units}) return in.malformed("its output does not fit the filters");
  const i8 activation = in.options.scalar<i8>(kSvdfActivation, 0);
  if (activation != 0 && activation != kRelu) return in.unsupported("an activation other than RELU");

  SvdfAttributes attributes{static_cast<u32>(rank), {}, {}, {}};
  DType bias_type = DType::f32;
  if (dtype == DType::f32) {
    TRY(check_matrix(in, 2, {filters, memory}, dtype));
    if (in.operand(4).dtype != dtype) return in.unsupported("a state that is not float");
    const Clamp clamp = TRY(in.activation(kSvdfActivation));
    attributes.clamp = nn::format::Clamp::of(clamp.low, clamp.high);
  } else {
    TRY(check_svdf_integers(in));
    bias_type = DType::i32;
    const f64 state = scale_of(in.operand(4));
    attributes.feature = nn::rescale_of(scale_of(in.operand(0)) * scale_of(in.operand(1)) / state);
    attributes.out = nn::rescale_of(state * scale_of(in.operand(2)) / scale_of(in.output()));
  }
  TensorId bias = in.has(3) ? in.inputs[3] : TensorId{};
  if (!bias.valid())
    bias = in.graph.add_constant(in.name + ".bias", bias_type, {units},
                                 std::vector<i32>(static_cast<usize>(units)));
  if (!in.graph[bias].constant || in.graph[bias].dtype != bias_type ||
      element_count(in.graph[bias].shape) != units)
    return in.unsupported("a bias that is not one constant per output");
  in.emit(Op::svdf, {in.inputs[0], in.inputs[1], in.inputs[2], bias, in.inputs[4]}, attributes);
  return {};
}

/// Operands of an LSTM: x, four weights, four recurrent ones, three peepholes, four biases, projection and
/// its bias, hidden and cell state, four of layer normalisation. The gates' order is the engine's.
enum Lstm : usize {
  kWeights = 1,
  kRecurrent = 5,
  kPeepholes = 9,
  kBias = 12,
  kProjection = 16,
  kHidden = 18,
  kCell = 19,
  kNorm = 20
};
constexpr usize kGates = 4;

Status check_lstm(const TfliteImport& in) {
  if (!in.has(kWeights) || !in.has(kRecurrent))
    return in.unsupported("a forget gate coupled with the input gate");
  for (usize i = kPeepholes; i < kBias; ++i)
    if (in.has(i)) return in.unsupported("peepholes");
  if (in.has(kProjection) || in.has(kProjection + 1)) return in.unsupported("a projection");
  for (usize i = kNorm; i < kNorm + kGates; ++i)
    if (in.has(i)) return in.unsupported("layer normalisation");
  if (in.options.scalar<i8>(kLstmActivation, 0) != kTanh)
    return in.unsupported("an activation other than TANH");
  const Shape& x = in.operand(0).shape;
  const Shape& y = in.output().shape;
  if (x.size() != 3 || y.size() != 3 || x[0] != y[0] || x[1] != y[1])
    return in.malformed("needs sequences of rows, got " + to_string(x) + " and " + to_string(y));
  const DType dtype = in.operand(0).dtype;
  if (dtype != DType::f32 && dtype != DType::i8)
    return in.unsupported(std::string("activations of ") + dtype_name(dtype));
  for (usize gate = 0; gate < kGates; ++gate) {
    TRY(check_matrix(in, kWeights + gate, {y[2], x[2]}, dtype));
    TRY(check_matrix(in, kRecurrent + gate, {y[2], y[2]}, dtype));
    TRY(check_matrix(in, kBias + gate, {y[2]}, dtype == DType::f32 ? DType::f32 : DType::i32));
  }
  const i64 batch = x[in.options.scalar<u8>(kTimeMajor, 0) != 0 ? 1 : 0];
  TRY(check_state(in, kHidden, batch * y[2]));
  return check_state(in, kCell, batch * y[2]);
}

/// The gates' weights, one after the other.
TensorId stacked(TfliteImport& in, usize first, const char* name) {
  const Tensor& one = in.operand(first);
  Tensor all{in.name + name, one.dtype, one.shape};
  all.shape.insert(all.shape.begin(), static_cast<i64>(kGates));
  all.constant = true;
  for (usize gate = 0; gate < kGates; ++gate) {
    const auto& data = in.operand(first + gate).data;
    all.data.insert(all.data.end(), data.begin(), data.end());
  }
  return in.graph.add_tensor(std::move(all));
}

/// −zero × the sum of each row of weights.
std::vector<i64> folded(const Tensor& weights, i32 zero) {
  const usize rows = static_cast<usize>(weights.shape[0]), columns = weights.data.size() / rows;
  std::vector<i64> sums(rows);
  for (usize i = 0; i < weights.data.size(); ++i)
    sums[i / columns] -= i64{zero} * static_cast<i8>(weights.data[i]);
  return sums;
}

/// Biases of x and of the hidden state with the zero points folded in, [2,gate,unit].
Result<TensorId> integer_biases(TfliteImport& in) {
  std::vector<i32> all;
  const auto add = [&](const std::vector<i64>& values) -> Status {
    for (i64 value : values) {
      if (value < -nn::format::kMaxBias || value > nn::format::kMaxBias)
        return in.unsupported("a bias that leaves its products no room in 32 bits");
      all.push_back(static_cast<i32>(value));
    }
    return {};
  };
  for (usize gate = 0; gate < kGates; ++gate) {
    std::vector<i64> values = folded(in.operand(kWeights + gate), zero_of(in.operand(0)));
    const std::vector<i64> bias = constant_ints(in.operand(kBias + gate));
    for (usize i = 0; i < values.size(); ++i) values[i] += bias[i];
    TRY(add(values));
  }
  for (usize gate = 0; gate < kGates; ++gate)
    TRY(add(folded(in.operand(kRecurrent + gate), zero_of(in.operand(kHidden)))));
  return in.graph.add_constant(in.name + ".bias", DType::i32,
                               {2, static_cast<i64>(kGates), in.output().shape[2]}, all);
}

/// The exponent of a cell's scale 2^-bits; 0 for another scale.
u32 cell_bits(f64 scale) {
  int exponent = 0;
  const f64 mantissa = std::frexp(scale, &exponent);
  return mantissa == 0.5 && exponent <= 0 ? static_cast<u32>(1 - exponent) : 0;
}

Status fill_integers(TfliteImport& in, LstmAttributes& attributes) {
  for (usize i = kWeights; i < kPeepholes; ++i)
    if (!has_one_scale(in.operand(i), DType::i8) || zero_of(in.operand(i)) != 0)
      return in.unsupported("weights without one scale, or with a zero point");
  if (!has_one_scale(in.operand(0), DType::i8) || !has_one_scale(in.operand(kHidden), DType::i8) ||
      !has_one_scale(in.operand(kCell), DType::i16) || zero_of(in.operand(kCell)) != 0 ||
      in.output().quantization != in.operand(kHidden).quantization)
    return in.unsupported("states that are not int8 in the output's scale and int16");
  attributes.cell_bits = cell_bits(scale_of(in.operand(kCell)));
  if (attributes.cell_bits < 9 || attributes.cell_bits > 15)
    return in.unsupported("a cell state whose scale is no power of two within 2^-15 and 2^-9");
  // In single precision, as TensorFlow Lite computes these factors.
  const f32 x = quantization_of(in.operand(0)).scales[0],
            hidden = quantization_of(in.operand(kHidden)).scales[0];
  constexpr f32 kGateScale = 1.0f / 4096;
  for (usize gate = 0; gate < kGates; ++gate) {
    const f32 w = quantization_of(in.operand(kWeights + gate)).scales[0],
              r = quantization_of(in.operand(kRecurrent + gate)).scales[0];
    attributes.input[gate] = nn::rescale_of(f64{w * x / kGateScale});
    attributes.recurrent[gate] = nn::rescale_of(f64{r * hidden / kGateScale});
  }
  attributes.hidden = nn::rescale_of(f64{1.0f / 32768 / hidden * (1.0f / 32768)});
  attributes.quantized_clip =
      static_cast<i32>(std::min(f64{attributes.clip} / scale_of(in.operand(kCell)), 32767.0));
  return {};
}

Status import_lstm(TfliteImport& in) {
  TRY(check_lstm(in));
  LstmAttributes attributes{};
  attributes.time_major = in.options.scalar<u8>(kTimeMajor, 0) != 0 ? 1 : 0;
  attributes.clip = in.options.scalar<f32>(kCellClip, 0);
  if (!(attributes.clip >= 0 && attributes.clip < kInfinity))
    return in.malformed("its clip is not a finite positive number");
  TensorId bias;
  if (in.is_float()) {
    if (in.operand(kHidden).dtype != DType::f32 || in.operand(kCell).dtype != DType::f32)
      return in.unsupported("states that are not float");
    bias = stacked(in, kBias, ".bias");
  } else {
    TRY(fill_integers(in, attributes));
    bias = TRY(integer_biases(in));
  }
  const TensorId weights = stacked(in, kWeights, ".weights"),
                 recurrent = stacked(in, kRecurrent, ".recurrent");
  in.emit(Op::lstm, {in.inputs[0], weights, recurrent, bias, in.inputs[kHidden], in.inputs[kCell]},
          attributes);
  return {};
}

constexpr TfliteRule kRecurrentRules[] = {
    {"SVDF", 3, 5, import_svdf, true},
    {"UNIDIRECTIONAL_SEQUENCE_LSTM", 1, 24, import_lstm, true},
};

}  // namespace

std::span<const TfliteRule> recurrent_tflite_rules() { return kRecurrentRules; }

}  // namespace pipit::model
