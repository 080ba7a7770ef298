#include <algorithm>
#include <cmath>

#include "compiler/model/passes/passes.h"
#include "compiler/model/quantized.h"
#include "nn/format.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Status;

/// How an operator turns into its integer form.
enum class Family {
  none,
  weighted,    ///< weights and bias are constants of their own: conv, fully_connected
  rescaling,   ///< input and output may differ in scale: add, mul, global_average_pool, softmax
  same_scale,  ///< output keeps the input's scale: max_pool, average_pool, reshape, transpose, pad
  clamping,    ///< clamp: becomes a requantize with bounds
  joining,     ///< concat: all inputs in the output's scale
};

Family family_of(Op op) {
  switch (op) {
    case Op::conv:
    case Op::fully_connected: return Family::weighted;
    case Op::add:
    case Op::mul:
    case Op::global_average_pool:
    case Op::softmax: return Family::rescaling;
    case Op::max_pool:
    case Op::average_pool:
    case Op::reshape:
    case Op::transpose:
    case Op::pad: return Family::same_scale;
    case Op::clamp: return Family::clamping;
    case Op::concat: return Family::joining;
    default: return Family::none;
  }
}

class Lowering {
 public:
  explicit Lowering(Graph& graph) : graph_(graph) {}

  Status run() {
    TRY(annotate());
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      if (graph_[id].op == Op::quantize)
        collapse(id);
      else if (family_of(graph_[id].op) != Family::none)
        lower(id);
    }
    return unfold_rest();
  }

 private:
  const Quantization& scale_of(TensorId id) const { return quantization_of(graph_[id]); }

  /// Gives integer tensors the scales their Quantize and Dequantize neighbours speak of.
  Status annotate() {
    for (NodeId id : graph_.order()) {
      const Node& node = graph_[id];
      if (node.op != Op::quantize && node.op != Op::dequantize) {
        // Operators that move int8 data as it is keep its scale.
        const bool moves = family_of(node.op) == Family::same_scale && graph_[node.output].dtype == DType::i8;
        if (moves) graph_[node.output].quantization = graph_[node.inputs[0]].quantization;
        continue;
      }
      const Quantization& q = node.as<QuantizeAttributes>().quantization;
      Tensor& tensor = graph_[node.op == Op::quantize ? node.output : node.inputs[0]];
      // An activation with a scale a channel, or integers without a scale of their own, stay for
      // generalize().
      if (q.per_channel() && !tensor.constant) continue;
      if (tensor.dtype != DType::i8 && tensor.dtype != DType::i32) continue;
      if (tensor.quantization && *tensor.quantization != q)
        return Error(Code::unsupported,
                     graph_.describe(id) + ": '" + tensor.name + "' is read with two scales");
      tensor.quantization = q;
    }
    return {};
  }

  /// The int8 tensor behind a Dequantize of per-tensor scale; none for anything else.
  TensorId integer_behind(TensorId id) const {
    const Node* dequantize = graph_.produced_by(id, Op::dequantize);
    if (dequantize == nullptr || graph_[dequantize->inputs[0]].dtype != DType::i8 ||
        !graph_[dequantize->inputs[0]].quantization)
      return {};
    return scale_of(dequantize->inputs[0]).per_channel() ? TensorId{} : dequantize->inputs[0];
  }

  /// A float constant as int8, symmetric per tensor.
  TensorId quantized_constant(TensorId id) {
    const Tensor& from = graph_[id];
    const std::vector<f32> values = constant_floats(from);
    f32 largest = 0;
    for (f32 value : values) largest = std::max(largest, std::fabs(value));
    const f32 scale = largest > 0 ? largest / 127 : 1;
    std::vector<i8> integers;
    for (f32 value : values) integers.push_back(static_cast<i8>(std::lround(value / scale)));
    const TensorId made = graph_.add_constant(from.name, DType::i8, from.shape, integers);
    graph_[made].quantization = Quantization{{scale}, {0}, -1};
    return made;
  }

  TensorId activation(Op op, TensorId id) {
    const TensorId integer = integer_behind(id);
    const bool constant = graph_[id].constant && graph_[id].dtype == DType::f32;
    if (!integer.valid() && constant && (op == Op::add || op == Op::mul)) return quantized_constant(id);
    return integer;
  }

  /// Weights of an integer layer: int8 behind a Dequantize, symmetric, per tensor or per output channel.
  TensorId integer_weights(TensorId id) const {
    const Node* dequantize = graph_.produced_by(id, Op::dequantize);
    if (dequantize == nullptr) return {};
    const Tensor& tensor = graph_[dequantize->inputs[0]];
    if (!tensor.quantization) return {};
    const Quantization& q = *tensor.quantization;
    const bool symmetric =
        std::all_of(q.zero_points.begin(), q.zero_points.end(), [](i32 z) { return z == 0; });
    return tensor.constant && tensor.dtype == DType::i8 && symmetric && q.axis <= 0 ? dequantize->inputs[0]
                                                                                    : TensorId{};
  }

  /// The bias as int32 in units of input scale × weight scale; none where it does not fit.
  TensorId integer_bias(TensorId id, f32 input_scale, const Quantization& weights) {
    const Node* dequantize = graph_.produced_by(id, Op::dequantize);
    const Tensor& source = graph_[dequantize != nullptr ? dequantize->inputs[0] : id];
    if (!source.constant) return {};
    Quantization scales{{}, {}, 0};
    std::vector<i32> values;
    const std::vector<f64> real = real_values(source);
    for (usize i = 0; i < real.size(); ++i) {
      const f64 unit = f64{input_scale} * weights.scales[weights.scales.size() == 1 ? 0 : i];
      const f64 value = std::nearbyint(real[i] / unit);
      if (!(std::fabs(value) <= nn::format::kMaxBias)) return {};
      values.push_back(static_cast<i32>(value));
      scales.scales.push_back(static_cast<f32>(unit));
      scales.zero_points.push_back(0);
    }
    const TensorId made = graph_.add_constant(source.name, DType::i32, source.shape, values);
    graph_[made].quantization = scales;
    return made;
  }

  static std::vector<f64> real_values(const Tensor& constant) {
    if (constant.dtype == DType::f32) {
      const auto values = constant_floats(constant);
      return {values.begin(), values.end()};
    }
    std::vector<f64> real;
    const auto integers = constant_ints(constant);
    const Quantization& q = quantization_of(constant);
    for (usize i = 0; i < integers.size(); ++i) {
      const usize at = q.scales.size() == 1 ? 0 : i;
      real.push_back((static_cast<f64>(integers[i]) - q.zero_points[at]) * q.scales[at]);
    }
    return real;
  }

  /// Quantize of a dequantised tensor: nothing, or another scale.
  void collapse(NodeId id) {
    Node& node = graph_[id];
    const TensorId source = integer_behind(node.inputs[0]);
    if (!source.valid() || graph_[source].constant || !graph_[node.output].quantization) return;
    if (scale_of(source) == scale_of(node.output) && graph_.replace_uses(node.output, source)) {
      graph_.erase(id);
      return;
    }
    node.op = Op::requantize;
    node.attributes = {};
    node.inputs = {source};
  }

  void lower(NodeId id) {
    Node& node = graph_[id];
    const Family family = family_of(node.op);
    const NodeId quantize = graph_.sole_consumer(node.output);
    if (!quantize.valid() || graph_[quantize].op != Op::quantize) return;
    const TensorId output = graph_[quantize].output;
    if (graph_[output].dtype != DType::i8 || !graph_[output].quantization) return;

    std::vector<TensorId> inputs;
    const usize activations = family == Family::weighted ? 1 : node.inputs.size();
    for (usize i = 0; i < activations; ++i) {
      inputs.push_back(activation(node.op, node.inputs[i]));
      if (!inputs.back().valid()) return;
    }
    if (family == Family::weighted) {
      const TensorId weights = integer_weights(node.inputs[1]);
      if (!weights.valid()) return;
      const TensorId bias = integer_bias(node.inputs[2], scale_of(inputs[0]).scales[0], scale_of(weights));
      if (!bias.valid()) return;
      inputs.insert(inputs.end(), {weights, bias});
    }
    if (family == Family::joining)
      for (TensorId& input : inputs) input = requantized(id, input, scale_of(output));
    if (family == Family::same_scale && scale_of(inputs[0]) != scale_of(output)) {
      requantize_after(id, quantize, inputs[0]);
      return;
    }
    node.inputs = inputs;
    if (family == Family::clamping) node.op = Op::requantize;
    graph_.erase(quantize);
    graph_.set_output(id, output);
  }

  /// The operator works in its input's scale; its Quantize becomes the change of scale behind it.
  void requantize_after(NodeId id, NodeId quantize, TensorId input) {
    Node& node = graph_[id];
    Tensor between{graph_[node.output].name, DType::i8, graph_[node.output].shape};
    between.quantization = scale_of(input);
    const TensorId made = graph_.add_tensor(between);
    node.inputs = {input};
    graph_.set_output(id, made);
    graph_[quantize].op = Op::requantize;
    graph_[quantize].attributes = {};
    graph_[quantize].inputs = {made};
  }

  TensorId requantized(NodeId before, TensorId id, const Quantization& to) {
    if (scale_of(id) == to) return id;
    Tensor changed{graph_[id].name + ".requantized", DType::i8, graph_[id].shape};
    changed.quantization = to;
    const TensorId made = graph_.add_tensor(changed);
    graph_.insert_before(before, {Op::requantize, changed.name, {id}, made});
    return made;
  }

  /// Dequantised constants that no integer operator took are plain float constants.
  Status unfold_rest() {
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      const Node& node = graph_[id];
      if (node.op != Op::dequantize || !graph_[node.inputs[0]].constant || graph_.is_output(node.output))
        continue;
      const Tensor& source = graph_[node.inputs[0]];
      const auto integers = constant_ints(source);
      const Quantization& q = node.as<QuantizeAttributes>().quantization;
      usize run = 1;  // elements per index of the axis
      for (usize i = q.per_channel() ? static_cast<usize>(q.axis) + 1 : 0; i < source.shape.size(); ++i)
        run *= static_cast<usize>(source.shape[i]);
      std::vector<u8> data(integers.size() * sizeof(f32));
      for (usize i = 0; i < integers.size(); ++i) {
        const usize at = q.per_channel() ? (i / run) % q.scales.size() : 0;
        const f32 value = static_cast<f32>(integers[i] - q.zero_points[at]) * q.scales[at];
        std::copy_n(reinterpret_cast<const u8*>(&value), sizeof value, data.data() + i * sizeof value);
      }
      graph_[node.output].constant = true;
      graph_[node.output].data = std::move(data);
      graph_.erase(id);
    }
    return {};
  }

  Graph& graph_;
};

}  // namespace

Status lower_qdq(Graph& graph) { return Lowering(graph).run(); }

}  // namespace pipit::model
