#include "compiler/model/export_onnx.h"

#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "compiler/model/general.h"
#include "compiler/model/onnx_file.h"
#include "compiler/model/onnx_program.h"

namespace pipit::model {
namespace {

using onnx_file::ElementType;
using support::Error;
using support::Result;
using support::Status;
using Ints = std::vector<i64>;

constexpr i64 kOpset = 13;

ElementType element_of(DType type) { return element_type_of(type); }

template <class T>
std::vector<u8> bytes_of(const std::vector<T>& values) {
  std::vector<u8> data(values.size() * sizeof(T));
  if (!data.empty()) std::memcpy(data.data(), values.data(), data.size());
  return data;
}

Ints ints(const std::array<u32, 2>& values) { return {values[0], values[1]}; }
Ints pads_of(const Window& w) { return {w.pad_begin[0], w.pad_begin[1], w.pad_end[0], w.pad_end[1]}; }

class Exporter {
 public:
  explicit Exporter(const Graph& graph) : graph_(graph) {}

  Result<std::vector<u8>> run() {
    if (graph_.channels_last) return Error(Code::unsupported, "a graph in execution layout is no ONNX model");
    model_.opset = kOpset;
    model_.graph_name = graph_.name;
    // Names of inputs and outputs are the model's interface: they are taken first.
    for (TensorId id : graph_.inputs) model_.inputs.push_back(value(id));
    for (TensorId id : graph_.outputs) model_.outputs.push_back(value(id));
    for (NodeId id : graph_.order()) {
      auto added = add(graph_[id]);
      if (!added.ok()) return added.take_error().in(graph_.describe(id));
    }
    return onnx_file::serialise(model_);
  }

 private:
  onnx_file::ValueInfo value(TensorId id) {
    return {name_of(id), element_of(graph_[id].dtype), graph_[id].shape};
  }

  std::string unique(const std::string& wanted) {
    std::string name = wanted.empty() ? "value" : wanted;
    for (usize i = 1; !taken_.insert(name).second; ++i) name = wanted + "." + std::to_string(i);
    return name;
  }

  const std::string& name_of(TensorId id) {
    const auto known = names_.find(id.index);
    if (known != names_.end()) return known->second;
    const std::string& name = names_.emplace(id.index, unique(graph_[id].name)).first->second;
    if (graph_[id].constant)
      model_.initializers.push_back({name, element_of(graph_[id].dtype), graph_[id].shape, graph_[id].data});
    return name;
  }

  template <class T>
  std::string constant(const std::string& wanted, DType type, Ints dims, const std::vector<T>& values) {
    const std::string name = unique(wanted);
    model_.initializers.push_back({name, element_of(type), std::move(dims), bytes_of(values)});
    return name;
  }

  void emit(const char* op_type, const Node& node, std::vector<std::string> inputs, std::string output,
            std::vector<onnx_file::Attribute> attributes = {}) {
    // An activation shares its node with the operator it was fused to; in the file every node has a name of
    // its own.
    std::string name = node.name;
    for (usize i = 1; !node_names_.insert(name).second; ++i) name = node.name + "." + std::to_string(i);
    model_.nodes.push_back(
        {op_type, "", name, std::move(inputs), {std::move(output)}, std::move(attributes)});
  }

  /// The operator, then its fused activation as a node of its own.
  void emit_clamped(const char* op_type, const Node& node, std::vector<std::string> inputs,
                    std::vector<onnx_file::Attribute> attributes = {}) {
    const std::string output = name_of(node.output);
    if (node.clamp.none()) return emit(op_type, node, std::move(inputs), output, std::move(attributes));
    const std::string linear = unique(output + ".linear");
    emit(op_type, node, std::move(inputs), linear, std::move(attributes));
    emit_clamp(node, linear, output);
  }

  void emit_clamp(const Node& node, const std::string& input, const std::string& output) {
    if (node.clamp == Clamp{.low = 0}) return emit("Relu", node, {input}, output);
    const auto bound = [&](f32 value, const char* suffix) {
      return std::isinf(value) ? std::string() : constant<f32>(output + suffix, DType::f32, {}, {value});
    };
    std::vector<std::string> inputs{input, bound(node.clamp.low, ".min"), bound(node.clamp.high, ".max")};
    if (inputs.back().empty()) inputs.pop_back();
    emit("Clip", node, std::move(inputs), output);
  }

  std::vector<std::string> names(const std::vector<TensorId>& ids) {
    std::vector<std::string> all;
    all.reserve(ids.size());
    for (TensorId id : ids) all.push_back(name_of(id));
    return all;
  }

  void add_conv(const Node& node) {
    const auto& conv = node.as<ConvAttributes>();
    emit_clamped("Conv", node, names(node.inputs),
                 {{"kernel_shape", ints(conv.window.kernel)},
                  {"strides", ints(conv.window.stride)},
                  {"dilations", ints(conv.window.dilation)},
                  {"pads", pads_of(conv.window)},
                  {"group", i64{conv.group}}});
  }

  void add_pool(const Node& node) {
    const auto& pool = node.as<PoolAttributes>();
    std::vector<onnx_file::Attribute> attributes{{"kernel_shape", ints(pool.window.kernel)},
                                                 {"strides", ints(pool.window.stride)},
                                                 {"pads", pads_of(pool.window)},
                                                 {"ceil_mode", i64{pool.ceil_mode}}};
    if (node.op == Op::max_pool)
      attributes.push_back({"dilations", ints(pool.window.dilation)});
    else
      attributes.push_back({"count_include_pad", i64{pool.count_include_pad}});
    emit_clamped(node.op == Op::max_pool ? "MaxPool" : "AveragePool", node, names(node.inputs), attributes);
  }

  Status add_fully_connected(const Node& node) {
    if (graph_[node.inputs[0]].shape.size() != 2)
      return Error(Code::unsupported, "a fully connected layer on more than two dimensions");
    emit_clamped("Gemm", node, names(node.inputs), {{"transB", i64{1}}});
    return {};
  }

  void add_reshape(const Node& node) {
    const Shape& shape = graph_[node.output].shape;
    const std::string target =
        constant(name_of(node.output) + ".shape", DType::i64, {static_cast<i64>(shape.size())}, shape);
    emit("Reshape", node, {name_of(node.inputs[0]), target}, name_of(node.output));
  }

  void add_pad(const Node& node) {
    const auto& pad = node.as<PadAttributes>();
    Ints pads = pad.before;
    pads.insert(pads.end(), pad.after.begin(), pad.after.end());
    const std::string widths =
        constant(name_of(node.output) + ".pads", DType::i64, {static_cast<i64>(pads.size())}, pads);
    const std::string filling = constant<f32>(name_of(node.output) + ".value", DType::f32, {}, {pad.value});
    emit("Pad", node, {name_of(node.inputs[0]), widths, filling}, name_of(node.output));
  }

  /// A general slice: first element, step and count of every axis.
  void add_slice(const Node& node) {
    const auto& ints = node.as<GeneralAttributes>().ints;
    const Shape& shape = graph_[node.inputs[0]].shape;
    Ints starts, ends, axes, steps;
    for (usize i = 0; i < shape.size(); ++i) {
      const i64 first = ints[i], step = ints[8 + i], count = ints[16 + i], last = first + step * (count - 1);
      axes.push_back(static_cast<i64>(i));
      starts.push_back(first);
      steps.push_back(step);
      // Backwards past the first element is written from the end, where −1 would be the last element.
      const i64 end = step > 0 ? last + 1 : last > 0 ? last - 1 : -shape[i] - 1;
      ends.push_back(count == 0 ? first : end);
    }
    std::vector<std::string> inputs{name_of(node.inputs[0])};
    const std::pair<const char*, const Ints*> operands[] = {
        {".starts", &starts}, {".ends", &ends}, {".axes", &axes}, {".steps", &steps}};
    for (const auto& [suffix, values] : operands)
      inputs.push_back(
          constant(name_of(node.output) + suffix, DType::i64, {static_cast<i64>(values->size())}, *values));
    emit("Slice", node, std::move(inputs), name_of(node.output));
  }

  void add_quantization(const Node& node) {
    const auto& attributes = node.as<QuantizeAttributes>();
    const Quantization& q = attributes.quantization;
    const std::string& output = name_of(node.output);
    const Ints dims = q.per_channel() ? Ints{static_cast<i64>(q.scales.size())} : Ints{};
    std::vector<std::string> inputs{name_of(node.inputs[0]),
                                    constant(output + ".scale", DType::f32, dims, q.scales)};
    if (attributes.integer == DType::i32) {
      inputs.push_back(constant(output + ".zero_point", DType::i32, dims, q.zero_points));
    } else {
      const std::vector<i8> zeros(q.zero_points.begin(), q.zero_points.end());
      inputs.push_back(constant(output + ".zero_point", attributes.integer, dims, zeros));
    }
    std::vector<onnx_file::Attribute> axis;
    if (q.per_channel()) axis.push_back({"axis", i64{q.axis}});
    emit(node.op == Op::quantize ? "QuantizeLinear" : "DequantizeLinear", node, std::move(inputs), output,
         axis);
  }

  Status add(const Node& node) {
    switch (node.op) {
      case Op::conv: add_conv(node); return {};
      case Op::fully_connected: return add_fully_connected(node);
      case Op::max_pool:
      case Op::average_pool: add_pool(node); return {};
      case Op::global_average_pool: emit_clamped("GlobalAveragePool", node, names(node.inputs)); return {};
      case Op::add: emit_clamped("Add", node, names(node.inputs)); return {};
      case Op::mul: emit_clamped("Mul", node, names(node.inputs)); return {};
      case Op::clamp: emit_clamp(node, name_of(node.inputs[0]), name_of(node.output)); return {};
      case Op::identity: emit("Identity", node, names(node.inputs), name_of(node.output)); return {};
      case Op::reshape: add_reshape(node); return {};
      case Op::pad: add_pad(node); return {};
      case Op::quantize:
      case Op::dequantize: add_quantization(node); return {};
      case Op::softmax:
        emit("Softmax", node, names(node.inputs), name_of(node.output),
             {{"axis", node.as<AxisAttributes>().axis}});
        return {};
      case Op::concat:
        emit("Concat", node, names(node.inputs), name_of(node.output),
             {{"axis", node.as<AxisAttributes>().axis}});
        return {};
      case Op::transpose: {
        const auto& perm = node.as<TransposeAttributes>().perm;
        emit("Transpose", node, names(node.inputs), name_of(node.output),
             {{"perm", Ints(perm.begin(), perm.end())}});
        return {};
      }
      case Op::general:
        if (static_cast<FunctionId>(node.as<GeneralAttributes>().function) == FunctionId::slice) {
          add_slice(node);
          return {};
        }
        [[fallthrough]];
      default:
        return Error(
            Code::unsupported,
            "cannot be written as ONNX; `pipit model quantize --dynamic` writes a .pipm, which can have it");
    }
  }

  const Graph& graph_;
  onnx_file::Model model_;
  std::map<u32, std::string> names_;
  std::set<std::string> taken_, node_names_;
};

}  // namespace

Result<std::vector<u8>> export_onnx(const Graph& graph) { return Exporter(graph).run(); }

}  // namespace pipit::model
