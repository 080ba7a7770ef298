#include <algorithm>

#include "compiler/model/extend/custom.h"
#include "compiler/model/general.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

struct TensorType {
  DType dtype;
  Shape shape;
};
using Inferred = Result<TensorType>;

/// One node under inference: its inputs by number, errors that say what was expected.
struct Operands {
  const Graph& graph;
  const Node& node;

  const Tensor& operator[](usize index) const { return graph[node.inputs[index]]; }
  usize count() const { return node.inputs.size(); }
  bool has(usize index) const { return index < count() && node.inputs[index].valid(); }
  Error bad(const std::string& expected) const {
    return Error(Code::malformed, expected + " (" + shapes() + ")");
  }
  std::string shapes() const {
    std::string text = "inputs are";
    for (TensorId id : node.inputs)
      text += " " + (id.valid() ? to_string(graph[id].shape) : std::string("-"));
    return text;
  }
};

/// Extent of a window moved over `input`; 0 when it does not fit.
i64 window_extent(i64 input, const Window& window, usize axis, bool ceil_mode) {
  const i64 reach = i64{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
  const i64 room = input + window.pad_begin[axis] + window.pad_end[axis] - reach;
  if (room < 0) return 0;
  const i64 stride = window.stride[axis];
  i64 extent = (ceil_mode ? (room + stride - 1) / stride : room / stride) + 1;
  // A window that starts in the padding behind the image does not count (ONNX, since opset 11 by every
  // engine).
  if (ceil_mode && (extent - 1) * stride >= input + window.pad_begin[axis]) --extent;
  return extent;
}

Result<Shape> window_shape(const Operands& in, const Window& window, i64 channels, bool ceil_mode = false) {
  const Shape& x = in[0].shape;
  if (x.size() != 4)
    return Error(Code::unsupported,
                 "needs a [N,C,H,W] input (" + in.shapes() + "); reshape 1-D signals to H = 1");
  for (usize i = 0; i < 2; ++i)
    if (window.kernel[i] == 0 || window.stride[i] == 0 || window.dilation[i] == 0)
      return in.bad("kernel, strides and dilations must be at least 1");
  const i64 height = window_extent(x[2], window, 0, ceil_mode);
  const i64 width = window_extent(x[3], window, 1, ceil_mode);
  if (height <= 0 || width <= 0) return in.bad("the window is larger than the padded image");
  return Shape{x[0], channels, height, width};
}

Inferred infer_conv(const Operands& in) {
  const auto& attributes = in.node.as<ConvAttributes>();
  const Shape& x = in[0].shape;
  const Shape& w = in[1].shape;
  const i64 group = attributes.group;
  if (x.size() != 4 || w.size() != 4)
    return Error(Code::unsupported,
                 "needs [N,C,H,W] activations and [O,I,KH,KW] weights (" + in.shapes() + ")");
  if (group < 1 || w[1] * group != x[1] || w[0] % group != 0)
    return in.bad("weights and group do not match the input's channels");
  if (w[2] != attributes.window.kernel[0] || w[3] != attributes.window.kernel[1])
    return in.bad("kernel_shape does not match the weights");
  if (in.has(2) && in[2].shape != Shape{w[0]}) return in.bad("bias needs one element per output channel");
  return TensorType{in[0].dtype, TRY(window_shape(in, attributes.window, w[0]))};
}

Inferred infer_batch_norm(const Operands& in) {
  if (in[0].shape.size() < 2) return in.bad("needs an input with a channel axis");
  for (usize i = 1; i < 5; ++i)
    if (in[i].shape != Shape{in[0].shape[1]}) return in.bad("parameters need one element per channel");
  return TensorType{in[0].dtype, in[0].shape};
}

Inferred infer_pool(const Operands& in) {
  const auto& attributes = in.node.as<PoolAttributes>();
  const i64 channels = in[0].shape.size() == 4 ? in[0].shape[1] : 0;
  return TensorType{in[0].dtype, TRY(window_shape(in, attributes.window, channels, attributes.ceil_mode))};
}

Inferred infer_global_pool(const Operands& in) {
  if (in[0].shape.size() != 4) return in.bad("needs a [N,C,H,W] input");
  return TensorType{in[0].dtype, {in[0].shape[0], in[0].shape[1], 1, 1}};
}

Inferred infer_reduce_mean(const Operands& in) {
  const auto& attributes = in.node.as<AxesAttributes>();
  Shape shape = in[0].shape;
  for (i64 axis : attributes.axes) {
    if (axis < 0 || axis >= static_cast<i64>(shape.size()))
      return in.bad("an axis is outside the input's rank");
    shape[static_cast<usize>(axis)] = 1;
  }
  if (attributes.keep_dims) return TensorType{in[0].dtype, shape};
  Shape squeezed;
  for (usize i = 0; i < shape.size(); ++i)
    if (std::find(attributes.axes.begin(), attributes.axes.end(), static_cast<i64>(i)) ==
        attributes.axes.end())
      squeezed.push_back(shape[i]);
  return TensorType{in[0].dtype, squeezed};
}

Inferred infer_gemm(const Operands& in) {
  const auto& attributes = in.node.as<GemmAttributes>();
  Shape a = in[0].shape, b = in[1].shape;
  if (a.size() != 2 || b.size() != 2) return in.bad("needs two matrices");
  if (attributes.transpose_a) std::swap(a[0], a[1]);
  if (attributes.transpose_b) std::swap(b[0], b[1]);
  if (a[1] != b[0]) return in.bad("inner dimensions differ");
  if (in.has(2)) {
    const Shape& c = in[2].shape;
    const bool broadcasts =
        c.empty() || c == Shape{1} || c == Shape{b[1]} || c == Shape{1, b[1]} || c == Shape{1, 1};
    if (!broadcasts) return in.bad("bias must be one row");
  }
  return TensorType{in[0].dtype, {a[0], b[1]}};
}

Inferred infer_matmul(const Operands& in) {
  const Shape& a = in[0].shape;
  const Shape& b = in[1].shape;
  if (a.size() < 2 || b.size() != 2)
    return Error(Code::unsupported, "needs a matrix of weights as its second input (" + in.shapes() + ")");
  if (a.back() != b[0]) return in.bad("inner dimensions differ");
  Shape shape = a;
  shape.back() = b[1];
  return TensorType{in[0].dtype, shape};
}

Inferred infer_fully_connected(const Operands& in) {
  const Shape& x = in[0].shape;
  const Shape& w = in[1].shape;
  if (x.empty() || w.size() != 2 || x.back() != w[1] || in[2].shape != Shape{w[0]})
    return in.bad("needs x [...,I], weights [O,I], bias [O]");
  Shape shape = x;
  shape.back() = w[0];
  return TensorType{in[0].dtype, shape};
}

/// NumPy broadcasting.
Inferred infer_elementwise(const Operands& in) {
  Shape a = in[0].shape, b = in[1].shape;
  if (in[0].dtype != in[1].dtype) return in.bad("operands have different element types");
  const usize rank = std::max(a.size(), b.size());
  a.insert(a.begin(), rank - a.size(), 1);
  b.insert(b.begin(), rank - b.size(), 1);
  for (usize i = 0; i < rank; ++i) {
    if (a[i] != b[i] && a[i] != 1 && b[i] != 1) return in.bad("operands do not broadcast");
    a[i] = a[i] == 1 ? b[i] : a[i];
  }
  return TensorType{in[0].dtype, a};
}

Inferred infer_same(const Operands& in) { return TensorType{in[0].dtype, in[0].shape}; }

Inferred infer_reshape(const Operands& in) {
  const Shape& shape = in.node.as<ReshapeAttributes>().shape;
  for (i64 dim : shape)
    if (dim < 0 || dim > kMaxElements) return in.bad("target " + to_string(shape) + " is not valid");
  i64 count = 1;
  for (i64 dim : shape) {
    count *= dim;
    if (count > kMaxElements) return in.bad("target has too many elements");
  }
  if (count != element_count(in[0].shape))
    return in.bad("target " + to_string(shape) + " has another element count");
  return TensorType{in[0].dtype, shape};
}

Inferred infer_transpose(const Operands& in) {
  const auto& perm = in.node.as<TransposeAttributes>().perm;
  std::vector<bool> seen(perm.size());
  if (perm.size() != in[0].shape.size()) return in.bad("perm has another length than the input's rank");
  for (u32 axis : perm) {
    if (axis >= perm.size() || seen[axis]) return in.bad("perm is no permutation");
    seen[axis] = true;
  }
  return TensorType{in[0].dtype, permuted(in[0].shape, perm)};
}

Inferred infer_axis(const Operands& in) {
  const i64 axis = in.node.as<AxisAttributes>().axis;
  if (axis < 0 || axis >= static_cast<i64>(in[0].shape.size()))
    return in.bad("axis is outside the input's rank");
  return infer_same(in);
}

Inferred infer_concat(const Operands& in) {
  TensorType out = TRY(infer_axis(in));
  const usize axis = static_cast<usize>(in.node.as<AxisAttributes>().axis);
  for (usize i = 1; i < in.count(); ++i) {
    Shape shape = in[i].shape;
    if (shape.size() != out.shape.size() || in[i].dtype != out.dtype)
      return in.bad("inputs differ in rank or type");
    const i64 extent = shape[axis];
    shape[axis] = out.shape[axis];
    if (shape != out.shape) return in.bad("inputs differ outside the axis");
    out.shape[axis] += extent;
  }
  return out;
}

Inferred infer_pad(const Operands& in) {
  const auto& attributes = in.node.as<PadAttributes>();
  Shape shape = in[0].shape;
  if (attributes.before.size() != shape.size() || attributes.after.size() != shape.size())
    return in.bad("pads need two numbers per axis");
  for (usize i = 0; i < shape.size(); ++i) {
    const i64 before = attributes.before[i], after = attributes.after[i];
    if (before < 0 || after < 0 || before > 65535 || after > 65535)
      return Error(Code::unsupported, "pads must be within 0 and 65535");
    shape[i] += before + after;
  }
  return TensorType{in[0].dtype, shape};
}

Status check_quantization(const Operands& in, const Quantization& q) {
  if (q.scales.size() != q.zero_points.size() || q.scales.empty())
    return in.bad("scales and zero points differ");
  if (q.per_channel()) {
    const Shape& shape = in[0].shape;
    const usize axis = static_cast<usize>(q.axis);
    if (axis >= shape.size() || static_cast<i64>(q.scales.size()) != shape[axis])
      return in.bad("scales need one element per index of the axis");
  } else if (q.scales.size() != 1) {
    return in.bad("a per-tensor scale must be one element");
  }
  for (f32 scale : q.scales)
    if (!(scale > 0) || !(scale < 1e30f)) return in.bad("a scale is not a positive finite number");
  return {};
}

Inferred infer_quantize(const Operands& in) {
  const auto& attributes = in.node.as<QuantizeAttributes>();
  TRY(check_quantization(in, attributes.quantization));
  if (in[0].dtype != DType::f32) return in.bad("needs a float input");
  return TensorType{attributes.integer, in[0].shape};
}

Inferred infer_dequantize(const Operands& in) {
  const auto& attributes = in.node.as<QuantizeAttributes>();
  TRY(check_quantization(in, attributes.quantization));
  if (in[0].dtype != attributes.integer) return in.bad("input and zero point differ in element type");
  return TensorType{DType::f32, in[0].shape};
}

Inferred infer_gather(const Operands& in) {
  const i64 axis = in.node.as<AxisAttributes>().axis;
  const Shape& x = in[0].shape;
  if (axis < 0 || axis >= static_cast<i64>(x.size())) return in.bad("axis is outside the input's rank");
  Shape shape(x.begin(), x.begin() + axis);
  shape.insert(shape.end(), in[1].shape.begin(), in[1].shape.end());
  shape.insert(shape.end(), x.begin() + axis + 1, x.end());
  return TensorType{in[0].dtype, shape};
}

Inferred infer_slice(const Operands& in) {
  const auto& a = in.node.as<SliceAttributes>();
  Shape shape = in[0].shape;
  if (a.begin.size() != shape.size()) return in.bad("slice needs bounds for every axis");
  for (usize i = 0; i < shape.size(); ++i) {
    if (a.step[i] < 1 || a.begin[i] < 0 || a.end[i] > shape[i] || a.begin[i] > a.end[i])
      return Error(Code::unsupported, "only slices forward and within the input");
    shape[i] = (a.end[i] - a.begin[i] + a.step[i] - 1) / a.step[i];
  }
  return TensorType{in[0].dtype, shape};
}

Inferred infer_cast(const Operands& in) { return TensorType{in.node.as<CastAttributes>().to, in[0].shape}; }

/// Which rule an operator follows; depthwise_conv exists after layout only and carries its shape along.
constexpr Inferred (*rule_of(Op op))(const Operands&) {
  switch (op) {
    case Op::conv: return infer_conv;
    case Op::batch_norm: return infer_batch_norm;
    case Op::max_pool:
    case Op::average_pool: return infer_pool;
    case Op::global_average_pool: return infer_global_pool;
    case Op::reduce_mean: return infer_reduce_mean;
    case Op::gemm: return infer_gemm;
    case Op::matmul: return infer_matmul;
    case Op::fully_connected: return infer_fully_connected;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div: return infer_elementwise;
    case Op::reshape: return infer_reshape;
    case Op::transpose: return infer_transpose;
    case Op::softmax: return infer_axis;
    case Op::concat: return infer_concat;
    case Op::pad: return infer_pad;
    case Op::quantize: return infer_quantize;
    case Op::dequantize: return infer_dequantize;
    case Op::gather: return infer_gather;
    case Op::slice: return infer_slice;
    case Op::cast: return infer_cast;
    case Op::clamp:
    case Op::identity:
    case Op::requantize: return infer_same;
    case Op::sign_flip:
    case Op::transpose_conv:
    case Op::sub_wide:
    case Op::leaky_relu_wide:
    case Op::svdf:
    case Op::lstm:
    case Op::strided_slice:
    case Op::dynamic_scale:
    case Op::dynamic_quantize:
    case Op::dynamic_conv:
    case Op::dynamic_depthwise_conv:
    case Op::dynamic_fully_connected:
    case Op::custom:
    case Op::general:
    case Op::lookup:
    case Op::depthwise_conv: return nullptr;  // made after lowering, shapes and all
  }
  return nullptr;
}

constexpr struct {
  usize fewest, most;
} kOperands[] = {
#define X(name, fewest, most) {fewest, most},
    PIPIT_MODEL_OPERATORS(X)
#undef X
};

}  // namespace

Status infer_node(Graph& graph, NodeId id) {
  const Node& node = graph[id];
  const auto [fewest, most] = kOperands[static_cast<u8>(node.op)];
  usize present = 0;
  while (present < node.inputs.size() && node.inputs[present].valid()) ++present;
  if (present < fewest || node.inputs.size() > most)
    return Error(Code::malformed, "has " + std::to_string(present) + " inputs, needs " +
                                      std::to_string(fewest) + " to " + std::to_string(most));
  if (node.op == Op::general) return infer_general(graph, id);
  if (node.op == Op::custom) return infer_custom(graph, id);
  const auto rule = rule_of(node.op);
  if (rule == nullptr) return {};
  auto inferred = TRY(rule({graph, node}));
  i64 count = 1;
  for (i64 dim : inferred.shape) {
    if (dim < 0 || (dim != 0 && count > kMaxElements / dim))
      return Error(Code::out_of_range, "the output has more than 2^28 elements");
    count *= dim;
  }
  graph[node.output].dtype = inferred.dtype;
  graph[node.output].shape = inferred.shape;
  return {};
}

Status infer_shapes(Graph& graph) {
  for (NodeId id : graph.order()) {
    auto inferred = infer_node(graph, id);
    if (!inferred.ok()) return inferred.take_error().in(graph.describe(id));
  }
  return {};
}

}  // namespace pipit::model
