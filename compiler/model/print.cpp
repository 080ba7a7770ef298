#include <cstdio>

#include "compiler/model/extend/custom.h"
#include "compiler/model/general.h"

namespace pipit::model {

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (i64 dim : shape) text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

const char* dtype_name(DType type) {
  constexpr const char* kNames[] = {"f16", "f32",  "u8",  "i32", "i8",  "i64", "i16",
                                    "f64", "bool", "u16", "u32", "u64", "bf16"};
  return kNames[static_cast<u8>(type)];
}

namespace {

std::string number(f64 value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

template <class List>
std::string join(const List& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ",") + number(static_cast<f64>(value));
  return text;
}

std::string pair(const std::array<u32, 2>& values) {
  return std::to_string(values[0]) + "x" + std::to_string(values[1]);
}

std::string window_text(const Window& window) {
  std::string text = "kernel=" + pair(window.kernel) + " stride=" + pair(window.stride);
  if (window.dilation != std::array<u32, 2>{1, 1}) text += " dilation=" + pair(window.dilation);
  const std::array<u32, 4> pads{window.pad_begin[0], window.pad_begin[1], window.pad_end[0],
                                window.pad_end[1]};
  if (pads != std::array<u32, 4>{}) text += " pads=" + join(pads);
  return text;
}

std::string quantization_text(const Quantization& q) {
  if (q.per_channel()) return " per-channel(axis=" + std::to_string(q.axis) + ")";
  if (q.scales.empty()) return "";
  return " scale=" + number(q.scales[0]) +
         " zero=" + std::to_string(q.zero_points.empty() ? 0 : q.zero_points[0]);
}

/// The function, then its numbers up to the last that is not 0.
std::string general_text(const GeneralAttributes& a) {
  std::vector<f64> numbers(a.ints, a.ints + std::size(a.ints));
  numbers.insert(numbers.end(), a.reals, a.reals + std::size(a.reals));
  while (!numbers.empty() && numbers.back() == 0) numbers.pop_back();
  return function_name(a) + (numbers.empty() ? "" : " " + join(numbers));
}

/// Attributes of a node as "key=value" words.
struct AttributePrinter {
  std::string operator()(const std::monostate&) const { return ""; }
  std::string operator()(const ConvAttributes& a) const {
    return window_text(a.window) + (a.group != 1 ? " group=" + std::to_string(a.group) : "");
  }
  std::string operator()(const PoolAttributes& a) const {
    return window_text(a.window) + (a.count_include_pad ? " count_include_pad" : "") +
           (a.ceil_mode ? " ceil" : "");
  }
  std::string operator()(const GemmAttributes& a) const {
    return "alpha=" + number(a.alpha) + " beta=" + number(a.beta) + (a.transpose_a ? " transpose_a" : "") +
           (a.transpose_b ? " transpose_b" : "");
  }
  std::string operator()(const BatchNormAttributes& a) const { return "epsilon=" + number(a.epsilon); }
  std::string operator()(const AxisAttributes& a) const { return "axis=" + std::to_string(a.axis); }
  std::string operator()(const AxesAttributes& a) const {
    return "axes=" + join(a.axes) + (a.keep_dims ? "" : " squeezed");
  }
  std::string operator()(const TransposeAttributes& a) const { return "perm=" + join(a.perm); }
  std::string operator()(const ReshapeAttributes&) const { return ""; }
  std::string operator()(const PadAttributes& a) const {
    return "before=" + join(a.before) + " after=" + join(a.after) + " value=" + number(a.value);
  }
  std::string operator()(const SliceAttributes& a) const {
    return "begin=" + join(a.begin) + " end=" + join(a.end);
  }
  std::string operator()(const CastAttributes& a) const { return std::string("to=") + dtype_name(a.to); }
  std::string operator()(const GeneralAttributes& a) const { return general_text(a); }
  std::string operator()(const CustomAttributes& a) const { return custom_text(a); }
  std::string operator()(const SvdfAttributes& a) const { return "rank=" + std::to_string(a.rank); }
  std::string operator()(const LstmAttributes& a) const { return a.time_major != 0 ? "time_major" : ""; }
  std::string operator()(const LeakyReluAttributes& a) const { return "alpha=" + number(f64{a.alpha}); }
  std::string operator()(const DynamicAttributes& a) const { return a.symmetric ? "symmetric" : ""; }
  std::string operator()(const QuantizeAttributes& a) const {
    return dtype_name(a.integer) + quantization_text(a.quantization);
  }
};

std::string type_text(const Tensor& tensor) {
  return std::string(dtype_name(tensor.dtype)) + "[" + to_string(tensor.shape) + "]" +
         (tensor.quantization ? quantization_text(*tensor.quantization) : "");
}

std::string operand_text(const Graph& graph, TensorId id) {
  if (!id.valid()) return "-";
  const Tensor& tensor = graph[id];
  return "%" + tensor.name +
         (tensor.constant ? ":const " + type_text(tensor)
          : tensor.state  ? ":state " + type_text(tensor)
                          : "");
}

}  // namespace

std::string print(const Graph& graph) {
  std::string text = "model " + graph.name + "\n";
  for (TensorId id : graph.inputs) text += "input %" + graph[id].name + ": " + type_text(graph[id]) + "\n";
  for (NodeId id : graph.order()) {
    const Node& node = graph[id];
    text += "  %" + graph[node.output].name + " = " + op_name(node.op) + "(";
    for (usize i = 0; i < node.inputs.size(); ++i)
      text += (i ? ", " : "") + operand_text(graph, node.inputs[i]);
    text += ")";
    std::string words = std::visit(AttributePrinter{}, node.attributes);
    if (!node.clamp.none())
      words += (words.empty() ? "" : " ") +
               ("clamp=[" + number(node.clamp.low) + "," + number(node.clamp.high) + "]");
    if (!words.empty()) text += " {" + words + "}";
    text += ": " + type_text(graph[node.output]) + "\n";
  }
  for (TensorId id : graph.outputs) text += "output %" + graph[id].name + "\n";
  return text;
}

}  // namespace pipit::model
