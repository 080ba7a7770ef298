#include "compiler/model/quantize.h"

#include <algorithm>
#include <cmath>

#include "nn/format.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

enum class Role { float_only, weighted, keeps_scale, own_scale };

Role role_of(Op op) {
  switch (op) {
    case Op::conv:
    case Op::fully_connected: return Role::weighted;
    case Op::max_pool:
    case Op::average_pool:
    case Op::reshape:
    case Op::transpose:
    case Op::pad: return Role::keeps_scale;
    case Op::global_average_pool:
    case Op::clamp:
    case Op::add:
    case Op::mul:
    case Op::concat: return Role::own_scale;
    default: return Role::float_only;  // softmax too: one operator at the end, exact in float
  }
}

class Quantizer {
 public:
  Quantizer(Graph& graph, const Calibration& calibration, const QuantizeOptions& options)
      : graph_(graph), calibration_(calibration), ranges_(calibration.ranges), options_(options) {}

  Status run() {
    for (NodeId id : graph_.order())
      if (graph_[id].op == Op::quantize || graph_[id].op == Op::dequantize)
        return Error(Code::invalid_argument, "the model is quantised already (" + graph_.describe(id) + ")");
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      const Role role = role_of(graph_[id].op);
      if (role == Role::float_only || stays_float(graph_[id].name)) continue;
      for (usize i = 0; i < (role == Role::weighted ? 1 : graph_[id].inputs.size()); ++i)
        TRY(quantize_input(id, i));
      if (role == Role::weighted) quantize_weights(id);
      TRY(quantize_output(id, role));
    }
    return {};
  }

 private:
  bool stays_float(const std::string& name) const {
    return options_.keep_float.contains(name) || (!options_.only.empty() && !options_.only.contains(name));
  }

  /// Parameters of a float activation; those of dequantised tensors are known.
  Result<Quantization> parameters(TensorId id) {
    if (const auto known = parameters_.find(id.index); known != parameters_.end()) return known->second;
    const auto range = ranges_.find(id.index);
    if (range == ranges_.end())
      return Error(Code::invalid_argument, "calibration saw no values of '" + graph_[id].name + "'");
    return activation_quantization(range->second);
  }

  TensorId add_dequantize(NodeId before, TensorId integer, const Quantization& q) {
    const Tensor& tensor = graph_[integer];
    const TensorId real = graph_.add_tensor({tensor.name + ".real", DType::f32, tensor.shape});
    graph_.insert_before(
        before,
        {Op::dequantize, tensor.name + ".dequantize", {integer}, real, QuantizeAttributes{q, tensor.dtype}});
    return real;
  }

  Status quantize_input(NodeId id, usize index) {
    const TensorId input = graph_[id].inputs[index];
    if (graph_[input].constant) {
      graph_[id].inputs[index] = quantize_constant(id, input);
      return {};
    }
    if (graph_.produced_by(input, Op::dequantize) != nullptr) return {};
    // A model input, or what a float operator made: every reader from here on sees the quantised values.
    const Quantization q = TRY(parameters(input));
    const std::vector<NodeId> readers = graph_.consumers(input);
    const TensorId real = add_pair_before(readers.front(), input, q);
    for (NodeId reader : readers)
      std::replace(graph_[reader].inputs.begin(), graph_[reader].inputs.end(), input, real);
    return {};
  }

  TensorId add_pair_before(NodeId before, TensorId from, const Quantization& q) {
    const Tensor& tensor = graph_[from];
    const TensorId integer = graph_.add_tensor({tensor.name + ".int8", DType::i8, tensor.shape});
    graph_.insert_before(
        before, {Op::quantize, tensor.name + ".quantize", {from}, integer, QuantizeAttributes{q, DType::i8}});
    const TensorId real = add_dequantize(before, integer, q);
    parameters_.emplace(real.index, q);
    observed_as_.emplace(real.index, from.index);
    return real;
  }

  /// An operand of add or mul: symmetric, one scale.
  TensorId quantize_constant(NodeId before, TensorId id) {
    const std::vector<f32> values = constant_floats(graph_[id]);
    f32 largest = 0;
    for (f32 value : values) largest = std::max(largest, std::fabs(value));
    const Quantization q{{largest > 0 ? largest / 127 : 1}, {0}, -1};
    std::vector<i8> integers;
    for (f32 value : values) integers.push_back(static_cast<i8>(std::lround(value / q.scales[0])));
    return add_dequantize(
        before, graph_.add_constant(graph_[id].name + ".int8", DType::i8, graph_[id].shape, integers), q);
  }

  void quantize_weights(NodeId id) {
    Node& node = graph_[id];
    const Tensor& weights = graph_[node.inputs[1]];
    const Tensor& bias = graph_[node.inputs[2]];
    const f32 input_scale = parameters_.at(node.inputs[0].index).scales[0];
    std::vector<f32> biases = constant_floats(bias);
    const Quantization q = weight_quantization(weights, biases, input_scale);
    const std::vector<f32> values = constant_floats(weights);
    const usize run = values.size() / q.scales.size();
    std::vector<i8> integers;
    for (usize i = 0; i < values.size(); ++i)
      integers.push_back(
          static_cast<i8>(std::clamp(std::nearbyint(values[i] / q.scales[i / run]), -127.0f, 127.0f)));
    if (options_.bias_correction) correct_bias(node, values, integers, q, biases);
    Quantization bias_q{{}, std::vector<i32>(biases.size(), 0), 0};
    std::vector<i32> accumulators;
    for (usize i = 0; i < biases.size(); ++i) {
      bias_q.scales.push_back(input_scale * q.scales[i]);
      accumulators.push_back(
          static_cast<i32>(std::nearbyint(f64{biases[i]} / (f64{input_scale} * q.scales[i]))));
    }
    const TensorId w = graph_.add_constant(weights.name + ".int8", DType::i8, weights.shape, integers);
    const TensorId b = graph_.add_constant(bias.name + ".int32", DType::i32, bias.shape, accumulators);
    node.inputs = {node.inputs[0], add_dequantize(id, w, q), add_dequantize(id, b, bias_q)};
  }

  /// bias −= Σ (rounded weight − weight) × mean input.
  void correct_bias(const Node& node, const std::vector<f32>& weights, const std::vector<i8>& integers,
                    const Quantization& q, std::vector<f32>& biases) const {
    const u32 input = node.inputs[0].index;
    const auto alias = observed_as_.find(input);
    const auto found = calibration_.channel_means.find(alias != observed_as_.end() ? alias->second : input);
    if (found == calibration_.channel_means.end()) return;
    const std::vector<f64>& means = found->second;
    const Shape& shape = graph_[node.inputs[1]].shape;
    const usize channels = static_cast<usize>(shape[1]), run = weights.size() / biases.size();
    const usize group = node.op == Op::conv ? node.as<ConvAttributes>().group : 1;
    if (means.size() != channels * group) return;
    for (usize o = 0; o < biases.size(); ++o) {
      const usize first = o / (biases.size() / group) * channels;  // of its group's inputs
      f64 error = 0;
      for (usize i = 0; i < run; ++i) {
        const usize at = o * run + i;
        error += (f64{q.scales[o]} * integers[at] - f64{weights[at]}) * means[first + i / (run / channels)];
      }
      biases[o] -= static_cast<f32>(error);
    }
  }

  Status quantize_output(NodeId id, Role role) {
    const TensorId output = graph_[id].output;
    Quantization q = role == Role::keeps_scale ? parameters_.at(graph_[id].inputs[0].index) : Quantization{};
    if (role != Role::keeps_scale) q = TRY(parameters(output));
    // Readers and model outputs move behind the pair; the pair itself reads the operator.
    const TensorId operator_output =
        graph_.add_tensor({graph_[output].name + ".exact", DType::f32, graph_[output].shape});
    graph_.set_output(id, operator_output);
    const TensorId integer =
        graph_.add_tensor({graph_[output].name + ".int8", DType::i8, graph_[output].shape});
    const NodeId quantize = graph_.insert_after(id, {Op::quantize,
                                                     graph_[output].name + ".quantize",
                                                     {operator_output},
                                                     integer,
                                                     QuantizeAttributes{q, DType::i8}});
    graph_.insert_after(quantize, {Op::dequantize,
                                   graph_[output].name + ".dequantize",
                                   {integer},
                                   output,
                                   QuantizeAttributes{q, DType::i8}});
    parameters_.insert_or_assign(output.index, q);
    return {};
  }

  Graph& graph_;
  const Calibration& calibration_;
  const std::map<u32, Range>& ranges_;
  const QuantizeOptions& options_;
  std::map<u32, u32> observed_as_;          // a pair's real tensor, by what it stands for
  std::map<u32, Quantization> parameters_;  // of float tensors made by a Dequantize
};

}  // namespace

Quantization activation_quantization(Range range) {
  // Zero must be exact: padding and ReLU produce it. The arithmetic is double so that every host agrees.
  const f64 low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  const f32 scale = high > low ? static_cast<f32>((high - low) / 255) : 1.0f;
  const f64 zero = std::nearbyint(-128 - low / scale);
  return {{scale}, {static_cast<i32>(std::clamp(zero, -128.0, 127.0))}, -1};
}

Quantization weight_quantization(const Tensor& weights, const std::vector<f32>& bias, f32 input_scale) {
  const std::vector<f32> values = constant_floats(weights);
  const usize channels = bias.size(), run = values.size() / channels;
  Quantization q{{}, std::vector<i32>(channels, 0), 0};
  // A quarter of the accumulator is the bias's; the rest belongs to the products and the folded zero point.
  constexpr auto kBiasRoom = static_cast<f64>(nn::format::kMaxBias / 4);
  for (usize channel = 0; channel < channels; ++channel) {
    f32 largest = 0;
    for (usize i = 0; i < run; ++i) largest = std::max(largest, std::fabs(values[channel * run + i]));
    const f64 for_bias = std::fabs(f64{bias[channel]}) / input_scale / kBiasRoom;
    const f64 scale = std::max({f64{largest} / 127, for_bias, 1e-30});
    q.scales.push_back(largest > 0 || for_bias > 0 ? static_cast<f32>(scale) : 1.0f);
  }
  return q;
}

Status quantize_graph(Graph& graph, const Calibration& calibration, const QuantizeOptions& options) {
  return Quantizer(graph, calibration, options).run();
}

std::vector<std::string> weighted_layers(const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId id : graph.order())
    if (role_of(graph[id].op) == Role::weighted) names.push_back(graph[id].name);
  return names;
}

}  // namespace pipit::model
