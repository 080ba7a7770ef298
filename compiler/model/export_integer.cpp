#include "compiler/model/export_integer.h"

#include <cmath>
#include <cstring>
#include <map>

#include "compiler/model/onnx_file.h"
#include "compiler/model/onnx_program.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;
using Ints = std::vector<i64>;

constexpr i64 kOpset = 13;

/// [N,H,W,C] as [N,C,H,W].
Shape first(const Shape& s) { return s.size() == 4 ? Shape{s[0], s[3], s[1], s[2]} : s; }

class Exporter {
 public:
  Exporter(const Graph& graph, bool unsigned_activations) : graph_(graph), unsigned_(unsigned_activations) {}

  Result<std::vector<u8>> run() {
    model_.opset = kOpset;
    model_.graph_name = graph_.name;
    for (TensorId id : graph_.inputs) model_.inputs.push_back(TRY(value(id)));
    for (TensorId id : graph_.outputs) model_.outputs.push_back(TRY(value(id)));
    for (NodeId id : graph_.order()) {
      auto added = add(graph_[id]);
      if (!added.ok()) return added.take_error().in(graph_.describe(id));
    }
    return onnx_file::serialise(model_);
  }

 private:
  DType activation_type() const { return unsigned_ ? DType::u8 : DType::i8; }

  Result<onnx_file::ValueInfo> value(TensorId id) {
    if (graph_[id].dtype != DType::i8 || !graph_[id].quantization)
      return Error(Code::unsupported, "'" + graph_[id].name + "' is not quantised to int8");
    return onnx_file::ValueInfo{name_of(id), element_type_of(activation_type()), first(graph_[id].shape)};
  }

  std::string fresh(const std::string& hint) { return hint + "_" + std::to_string(counter_++); }

  const std::string& name_of(TensorId id) {
    const auto known = names_.find(id.index);
    return known != names_.end() ? known->second : names_.emplace(id.index, fresh("tensor")).first->second;
  }

  template <class T>
  std::string constant(DType type, Shape shape, const std::vector<T>& values) {
    onnx_file::Tensor tensor{fresh("constant"), element_type_of(type), std::move(shape), {}};
    tensor.data.resize(values.size() * sizeof(T));
    std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
    model_.initializers.push_back(std::move(tensor));
    return model_.initializers.back().name;
  }

  std::string emit(const char* op, std::vector<std::string> inputs,
                   std::vector<onnx_file::Attribute> attributes = {}, std::string output = "") {
    if (output.empty()) output = fresh("value");
    model_.nodes.push_back({op, "", fresh("node"), std::move(inputs), {output}, std::move(attributes)});
    return output;
  }

  /// Scale and zero point of an activation, as initializers.
  Result<std::vector<std::string>> parameters(TensorId id) {
    const Quantization q = graph_[id].quantization.value_or(Quantization{});
    if (graph_[id].dtype != DType::i8 || q.scales.size() != 1 || q.per_channel())
      return Error(Code::unsupported, "'" + graph_[id].name + "' is not quantised to int8 per tensor");
    const i32 zero = q.zero_points[0] + (unsigned_ ? 128 : 0);
    return std::vector<std::string>{constant(DType::f32, {}, q.scales),
                                    constant(activation_type(), {}, std::vector<u8>{static_cast<u8>(zero)})};
  }

  Quantization quantization_of(TensorId id) const {
    return graph_[id].quantization.value_or(Quantization{{1}, {0}, -1});
  }

  Result<std::string> dequantized(TensorId id) {
    auto p = TRY(parameters(id));
    return emit("DequantizeLinear", {name_of(id), p[0], p[1]});
  }

  /// Ends a node: its activation, unless the output's range implies it, then the output's integers.
  Status finish(const Node& node, std::string real) {
    auto p = TRY(parameters(node.output));
    const Quantization q = quantization_of(node.output);  // parameters() found it
    const f32 low = q.scales[0] * static_cast<f32>(-128 - q.zero_points[0]);
    const f32 high = q.scales[0] * static_cast<f32>(127 - q.zero_points[0]);
    const f32 half = q.scales[0] / 2;
    if (node.clamp.low > low + half || node.clamp.high < high - half) {
      const auto bound = [&](f32 x) {
        return std::isinf(x) ? std::string() : constant(DType::f32, {}, std::vector<f32>{x});
      };
      real = node.clamp == Clamp{.low = 0}
                 ? emit("Relu", {real})
                 : emit("Clip", {real, bound(node.clamp.low), bound(node.clamp.high)});
    }
    emit("QuantizeLinear", {real, p[0], p[1]}, {}, name_of(node.output));
    return {};
  }

  /// Weights with their scales, in the order that `at` gives: at(index in the output) is that in the tensor.
  template <class At>
  std::string weights(const Tensor& tensor, Shape shape, i64 axis, At at) {
    std::vector<u8> data(tensor.data.size());
    for (usize i = 0; i < data.size(); ++i) data[i] = tensor.data[at(i)];
    const Quantization q = tensor.quantization.value_or(Quantization{});  // check_layer() found it
    const Shape count = q.per_channel() ? Shape{static_cast<i64>(q.scales.size())} : Shape{};
    const std::string integers = constant(DType::i8, std::move(shape), data);
    const std::vector<u8> zeros(q.scales.size());
    std::vector<onnx_file::Attribute> attributes;
    if (q.per_channel()) attributes.push_back({"axis", axis});
    return emit("DequantizeLinear",
                {integers, constant(DType::f32, count, q.scales), constant(DType::i8, count, zeros)},
                attributes);
  }

  std::string bias(const Node& node, usize channels) {
    const Quantization w = quantization_of(node.inputs[1]);
    const f32 scale = quantization_of(node.inputs[0]).scales[0];
    std::vector<f32> scales(channels);
    for (usize c = 0; c < channels; ++c) scales[c] = scale * w.scales[w.per_channel() ? c : 0];
    const Shape shape{static_cast<i64>(channels)};
    const std::string integers = constant(DType::i32, shape, graph_[node.inputs[2]].data);
    return emit("DequantizeLinear",
                {integers, constant(DType::f32, shape, scales),
                 constant(DType::i32, shape, std::vector<i32>(channels))},
                {{"axis", i64{0}}});
  }

  Status check_layer(const Node& node) const {
    const Tensor& w = graph_[node.inputs[1]];
    if (!w.constant || w.dtype != DType::i8 || !w.quantization)
      return Error(Code::unsupported, "its weights are not int8 constants");
    for (const i32 zero : w.quantization->zero_points)
      if (zero != 0) return Error(Code::unsupported, "its weights have a zero point");
    return graph_[node.inputs[2]].dtype == DType::i32
               ? Status()
               : Status(Error(Code::unsupported, "its bias is not of 32-bit integers"));
  }

  Status add_conv(const Node& node) {
    TRY(check_layer(node));
    const auto& window = node.as<ConvAttributes>().window;
    const Tensor& w = graph_[node.inputs[1]];
    const auto d = [&](usize axis) { return static_cast<usize>(w.shape[axis]); };
    const bool depthwise = node.op == Op::depthwise_conv;
    const usize kh = d(1), kw = d(2), last = d(3), out = depthwise ? last : d(0), in = depthwise ? 1 : last;
    // [O,KH,KW,I] or [1,KH,KW,O] as [O,I,KH,KW].
    const std::string matrix =
        weights(w, {static_cast<i64>(out), static_cast<i64>(in), w.shape[1], w.shape[2]}, 0, [&](usize i) {
          const usize x = i % kw, y = i / kw % kh, c = i / (kw * kh) % in, o = i / (kw * kh * in);
          return depthwise ? (y * kw + x) * last + o : ((o * kh + y) * kw + x) * last + c;
        });
    const i64 group = depthwise ? graph_[node.inputs[0]].shape[3] : 1;
    const std::string result =
        emit("Conv", {TRY(dequantized(node.inputs[0])), matrix, bias(node, out)},
             {{"kernel_shape", Ints{w.shape[1], w.shape[2]}},
              {"strides", Ints{window.stride[0], window.stride[1]}},
              {"dilations", Ints{window.dilation[0], window.dilation[1]}},
              {"pads", Ints{window.pad_begin[0], window.pad_begin[1], window.pad_end[0], window.pad_end[1]}},
              {"group", group}});
    return finish(node, result);
  }

  Status add_fully_connected(const Node& node) {
    TRY(check_layer(node));
    const Tensor& w = graph_[node.inputs[1]];
    const std::string matrix = weights(w, w.shape, 0, [](usize i) { return i; });
    std::string x = TRY(dequantized(node.inputs[0]));
    const Shape& shape = graph_[node.inputs[0]].shape;
    if (shape.size() != 2) {
      const Shape flat{element_count(shape) / w.shape[1], w.shape[1]};
      x = emit("Reshape", {x, constant(DType::i64, {2}, flat)});
    }
    return finish(
        node, emit("Gemm", {x, matrix, bias(node, static_cast<usize>(w.shape[0]))}, {{"transB", i64{1}}}));
  }

  Status add_average_pool(const Node& node) {
    const auto& window = node.as<PoolAttributes>().window;
    const Shape& in = graph_[node.inputs[0]].shape;
    const Shape& out = graph_[node.output].shape;
    const std::string x = TRY(dequantized(node.inputs[0]));
    if (out[1] == 1 && out[2] == 1 && window.kernel[0] == in[1] && window.kernel[1] == in[2])
      return finish(node, emit("GlobalAveragePool", {x}));
    return finish(node, emit("AveragePool", {x},
                             {{"kernel_shape", Ints{window.kernel[0], window.kernel[1]}},
                              {"strides", Ints{window.stride[0], window.stride[1]}},
                              {"pads", Ints{window.pad_begin[0], window.pad_begin[1], window.pad_end[0],
                                            window.pad_end[1]}}}));
  }

  /// The same integers in another shape: no rescaling, but the elements of an image go back to channels last.
  Status add_reshape(const Node& node) {
    const Shape& from = graph_[node.inputs[0]].shape;
    const Shape& to = graph_[node.output].shape;
    if (to.size() == 4) return Error(Code::unsupported, "makes an image");
    std::string x = TRY(dequantized(node.inputs[0]));
    if (from.size() == 4 && from[1] * from[2] != 1) x = emit("Transpose", {x}, {{"perm", Ints{0, 2, 3, 1}}});
    return finish(node, emit("Reshape", {x, constant(DType::i64, {static_cast<i64>(to.size())}, to)}));
  }

  Status add(const Node& node) {
    switch (node.op) {
      case Op::conv:
      case Op::depthwise_conv: return add_conv(node);
      case Op::fully_connected: return add_fully_connected(node);
      case Op::average_pool: return add_average_pool(node);
      case Op::reshape: return add_reshape(node);
      case Op::add:
        return finish(node,
                      emit("Add", {TRY(dequantized(node.inputs[0])), TRY(dequantized(node.inputs[1]))}));
      case Op::softmax:
        if (graph_[node.output].shape.size() == 4) break;
        return finish(node, emit("Softmax", {TRY(dequantized(node.inputs[0]))},
                                 {{"axis", node.as<AxisAttributes>().axis}}));
      default: break;
    }
    return Error(Code::unsupported, "cannot be written as an ONNX operator between Dequantize and Quantize");
  }

  const Graph& graph_;
  const bool unsigned_;
  onnx_file::Model model_;
  std::map<u32, std::string> names_;
  u32 counter_ = 0;
};

}  // namespace

Result<std::vector<u8>> export_integer_onnx(const Graph& graph, bool unsigned_activations) {
  if (!graph.channels_last) return Error(Code::unsupported, "the graph is not in execution layout");
  return Exporter(graph, unsigned_activations).run();
}

std::vector<u8> channels_first(const Shape& shape, const std::vector<u8>& data) {
  if (shape.size() != 4) return data;
  const auto images = static_cast<usize>(shape[0]), pixels = static_cast<usize>(shape[1] * shape[2]),
             channels = static_cast<usize>(shape[3]);
  std::vector<u8> turned(data.size());
  for (usize n = 0; n < images; ++n)
    for (usize pixel = 0; pixel < pixels; ++pixel)
      for (usize c = 0; c < channels; ++c)
        turned[(n * channels + c) * pixels + pixel] = data[(n * pixels + pixel) * channels + c];
  return turned;
}

}  // namespace pipit::model
