#include "compiler/model/import_operators.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/model/import_onnx.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

// ---- attributes

template <class T>
Result<T> AttributeReader::read(std::string_view name, T fallback) {
  const auto* value = any(name);
  if (value == nullptr) return fallback;
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr)
    return Error(Code::malformed, "attribute '" + std::string(name) + "' has the wrong type");
  return T(*typed);
}

const onnx_file::AttributeValue* AttributeReader::any(std::string_view name) {
  known_.emplace(name);
  for (const auto& attribute : node_.attributes)
    if (attribute.name == name) return &attribute.value;
  return nullptr;
}

Result<i64> AttributeReader::integer(std::string_view name, i64 fallback) {
  return read<i64>(name, fallback);
}
Result<f32> AttributeReader::real(std::string_view name, f32 fallback) { return read<f32>(name, fallback); }
Result<std::string> AttributeReader::text(std::string_view name, std::string fallback) {
  return read<std::string>(name, std::move(fallback));
}
Result<std::vector<i64>> AttributeReader::integers(std::string_view name) {
  return read<std::vector<i64>>(name, {});
}

Status AttributeReader::check_all_known() const {
  for (const auto& attribute : node_.attributes)
    if (!known_.contains(attribute.name))
      return Error(Code::unsupported, "attribute '" + attribute.name + "' is not supported");
  return {};
}

// ---- helpers of the rules

Result<std::vector<i64>> NodeImport::constant(usize index, const char* what) const {
  const Tensor& tensor = operand(index);
  if (!tensor.constant || tensor.dtype == DType::f32)
    return Error(Code::unsupported, std::string(what) + " must be integers known at compile time");
  return constant_ints(tensor);
}

Result<f32> NodeImport::scalar(usize index, f32 fallback, const char* what) const {
  if (!has(index)) return fallback;
  const auto values = constant_floats(operand(index));
  if (values.size() != 1) return Error(Code::unsupported, std::string(what) + " must be one constant number");
  return values[0];
}

Result<i64> NodeImport::axis(i64 axis, usize rank) const {
  const i64 limit = static_cast<i64>(rank);
  if (axis < -limit || axis >= limit)
    return Error(Code::malformed,
                 "axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
  return axis < 0 ? axis + limit : axis;
}

Result<TensorId> NodeImport::emit(Op op, std::vector<TensorId> operands, Attributes attributes, Clamp clamp) {
  const TensorId output = graph.add_tensor({output_name_});
  const NodeId id = graph.append({op, name, std::move(operands), output, std::move(attributes), clamp});
  TRY(infer_node(graph, id));
  TRY(fold_node(graph, id));
  return output;
}

Result<TensorId> NodeImport::emit_constant(DType dtype, Shape shape, std::vector<u8> data) {
  return graph.add_constant(output_name_, dtype, std::move(shape), data);
}

namespace {

using Import = NodeImport;

/// Reads two numbers ≥ `least` and ≤ 65535 of an attribute; absent = both `fallback`.
Result<std::array<u32, 2>> pair(Import& in, const char* name, u32 fallback, i64 least) {
  const auto values = TRY(in.attributes.integers(name));
  if (values.empty()) return std::array<u32, 2>{fallback, fallback};
  if (values.size() != 2)
    return Error(Code::unsupported, std::string(name) + " has " + std::to_string(values.size()) +
                                        " numbers; only two-dimensional windows are supported");
  for (i64 value : values)
    if (value < least || value > 65535) return Error(Code::malformed, std::string(name) + " is out of range");
  return std::array<u32, 2>{static_cast<u32>(values[0]), static_cast<u32>(values[1])};
}

/// auto_pad SAME: the output is ceil(input / stride); an odd element goes to the end (upper) or the
/// beginning.
void pad_same(Window& window, const Shape& x, bool upper) {
  for (usize i = 0; i < 2; ++i) {
    const i64 stride = window.stride[i];
    const i64 reach = i64{window.dilation[i]} * (window.kernel[i] - 1) + 1;
    const i64 extent = (x[2 + i] + stride - 1) / stride;
    const i64 total = std::clamp<i64>((extent - 1) * stride + reach - x[2 + i], 0, 65535);
    const u32 small = static_cast<u32>(total / 2), large = static_cast<u32>(total - total / 2);
    window.pad_begin[i] = upper ? small : large;
    window.pad_end[i] = upper ? large : small;
  }
}

Result<Window> read_window(Import& in, std::array<u32, 2> default_kernel) {
  Window window;
  const Shape& x = in.operand(0).shape;
  if (x.size() != 4)
    return Error(Code::unsupported,
                 "needs a [N,C,H,W] input, got " + to_string(x) + "; reshape 1-D signals to H = 1");
  window.kernel = TRY(pair(in, "kernel_shape", 0, 1));
  if (window.kernel[0] == 0) window.kernel = default_kernel;
  if (window.kernel[0] == 0) return Error(Code::malformed, "kernel_shape is missing");
  window.stride = TRY(pair(in, "strides", 1, 1));
  window.dilation = TRY(pair(in, "dilations", 1, 1));
  const auto pads = TRY(in.attributes.integers("pads"));
  if (!pads.empty() && pads.size() != 4) return Error(Code::unsupported, "pads needs four numbers");
  for (usize i = 0; i < pads.size(); ++i) {
    if (pads[i] < 0 || pads[i] > 65535) return Error(Code::unsupported, "pads must be within 0 and 65535");
    (i < 2 ? window.pad_begin : window.pad_end)[i % 2] = static_cast<u32>(pads[i]);
  }
  const std::string mode = TRY(in.attributes.text("auto_pad", "NOTSET"));
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    pad_same(window, x, mode == "SAME_UPPER");
  else if (mode == "VALID")
    window.pad_begin = window.pad_end = {0, 0};
  else if (mode != "NOTSET")
    return Error(Code::malformed, "auto_pad '" + mode + "' is not known");
  return window;
}

Result<TensorId> import_conv(Import& in) {
  ConvAttributes conv;
  const Shape& w = in.operand(1).shape;
  if (w.size() != 4) return Error(Code::unsupported, "needs [O,I,KH,KW] weights, got " + to_string(w));
  if (w[2] < 1 || w[3] < 1 || w[2] > 65535 || w[3] > 65535)
    return Error(Code::malformed, "the kernel is empty or huge");
  conv.window = TRY(read_window(in, {static_cast<u32>(w[2]), static_cast<u32>(w[3])}));
  const i64 group = TRY(in.attributes.integer("group", 1));
  if (group < 1 || group > (1 << 20)) return Error(Code::malformed, "group is out of range");
  conv.group = static_cast<u32>(group);
  return in.emit(Op::conv, in.inputs, conv);
}

Result<TensorId> import_batch_norm(Import& in) {
  BatchNormAttributes attributes{TRY(in.attributes.real("epsilon", 1e-5f))};
  TRY(in.attributes.real("momentum", 0.9f));
  if (TRY(in.attributes.integer("training_mode", 0)) != 0 || TRY(in.attributes.integer("spatial", 1)) != 1)
    return Error(Code::unsupported, "training mode; export the model in evaluation mode");
  return in.emit(Op::batch_norm, in.inputs, attributes);
}

Result<TensorId> import_relu(Import& in) { return in.emit(Op::clamp, in.inputs, {}, Clamp{.low = 0}); }

Result<TensorId> import_clip(Import& in) {
  Clamp clamp;
  if (in.opset < 11) {
    clamp.low = TRY(in.attributes.real("min", clamp.low));
    clamp.high = TRY(in.attributes.real("max", clamp.high));
  } else {
    clamp.low = TRY(in.scalar(1, clamp.low, "min"));
    clamp.high = TRY(in.scalar(2, clamp.high, "max"));
  }
  if (!(clamp.low <= clamp.high)) return Error(Code::malformed, "min is above max");
  return in.emit(Op::clamp, {in.inputs[0]}, {}, clamp);
}

Result<PoolAttributes> read_pool(Import& in) {
  PoolAttributes pool;
  pool.window = TRY(read_window(in, {0, 0}));
  pool.ceil_mode = TRY(in.attributes.integer("ceil_mode", 0)) != 0;
  return pool;
}

Result<TensorId> import_max_pool(Import& in) {
  TRY(in.attributes.integer("storage_order", 0));  // only concerns the second output, which is not supported
  return in.emit(Op::max_pool, in.inputs, TRY(read_pool(in)));
}

Result<TensorId> import_average_pool(Import& in) {
  PoolAttributes pool = TRY(read_pool(in));
  pool.count_include_pad = TRY(in.attributes.integer("count_include_pad", 0)) != 0;
  return in.emit(Op::average_pool, in.inputs, pool);
}

Result<TensorId> import_global_average_pool(Import& in) {
  return in.emit(Op::global_average_pool, in.inputs);
}

Result<TensorId> import_reduce_mean(Import& in) {
  AxesAttributes attributes;
  const usize rank = in.operand(0).shape.size();
  attributes.keep_dims = TRY(in.attributes.integer("keepdims", 1)) != 0;
  const bool skip_when_empty = TRY(in.attributes.integer("noop_with_empty_axes", 0)) != 0;
  attributes.axes = in.has(1) ? TRY(in.constant(1, "axes")) : TRY(in.attributes.integers("axes"));
  if (attributes.axes.empty() && skip_when_empty) return in.emit(Op::identity, {in.inputs[0]});
  if (attributes.axes.empty())
    for (usize i = 0; i < rank; ++i) attributes.axes.push_back(static_cast<i64>(i));
  for (i64& axis : attributes.axes) axis = TRY(in.axis(axis, rank));
  std::sort(attributes.axes.begin(), attributes.axes.end());
  return in.emit(Op::reduce_mean, {in.inputs[0]}, attributes);
}

Result<TensorId> import_gemm(Import& in) {
  GemmAttributes gemm;
  gemm.alpha = TRY(in.attributes.real("alpha", 1));
  gemm.beta = TRY(in.attributes.real("beta", 1));
  gemm.transpose_a = TRY(in.attributes.integer("transA", 0)) != 0;
  gemm.transpose_b = TRY(in.attributes.integer("transB", 0)) != 0;
  return in.emit(Op::gemm, in.inputs, gemm);
}

Result<TensorId> import_matmul(Import& in) { return in.emit(Op::matmul, in.inputs); }

template <Op op>
Result<TensorId> import_elementwise(Import& in) {
  return in.emit(op, in.inputs);
}

Result<TensorId> emit_reshape(Import& in, Shape shape) {
  return in.emit(Op::reshape, {in.inputs[0]}, ReshapeAttributes{std::move(shape)});
}

/// Resolves 0 (copy) and −1 (whatever is left) of a reshape target.
Result<TensorId> import_reshape(Import& in) {
  const Shape& from = in.operand(0).shape;
  Shape shape = TRY(in.constant(1, "the target shape"));
  const bool allow_zero = TRY(in.attributes.integer("allowzero", 0)) != 0;
  i64 known = 1;
  usize open = shape.size();
  for (usize i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero && i < from.size()) shape[i] = from[i];
    if (shape[i] == -1 && open == shape.size())
      open = i;
    else if (shape[i] < 1 || shape[i] > kMaxElements || (known *= shape[i]) > kMaxElements)
      return Error(Code::malformed, "the target shape is not valid");
  }
  if (open != shape.size()) {
    // The batch was made 1 on import; a target exported with another fixed batch shows here.
    if (element_count(from) % known != 0)
      return Error(Code::malformed, "cannot reshape " + to_string(from) + " to the target shape");
    shape[open] = element_count(from) / known;
  }
  return emit_reshape(in, shape);
}

Result<TensorId> import_flatten(Import& in) {
  const Shape& from = in.operand(0).shape;
  const i64 rank = static_cast<i64>(from.size());
  i64 axis = TRY(in.attributes.integer("axis", 1));
  if (axis < -rank || axis > rank) return Error(Code::malformed, "axis is outside the input's rank");
  if (axis < 0) axis += rank;
  const i64 outer = element_count(Shape(from.begin(), from.begin() + axis));
  return emit_reshape(in, {outer, element_count(from) / std::max<i64>(outer, 1)});
}

/// Axes of Squeeze and Unsqueeze: an attribute until opset 12, an input since.
Result<std::vector<i64>> read_axes(Import& in, usize rank) {
  std::vector<i64> axes = in.has(1) ? TRY(in.constant(1, "axes")) : TRY(in.attributes.integers("axes"));
  if (axes.size() > rank) return Error(Code::malformed, "has more axes than dimensions");
  for (i64& axis : axes) axis = TRY(in.axis(axis, rank));
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return Error(Code::malformed, "an axis repeats");
  return axes;
}

Result<TensorId> import_squeeze(Import& in) {
  const Shape& from = in.operand(0).shape;
  const auto axes = TRY(read_axes(in, from.size()));
  Shape shape;
  for (usize i = 0; i < from.size(); ++i) {
    const bool named = std::find(axes.begin(), axes.end(), static_cast<i64>(i)) != axes.end();
    if (named && from[i] != 1) return Error(Code::malformed, "a squeezed axis is not 1");
    if (!(named || (axes.empty() && from[i] == 1))) shape.push_back(from[i]);
  }
  return emit_reshape(in, shape);
}

Result<TensorId> import_unsqueeze(Import& in) {
  Shape shape = in.operand(0).shape;
  const usize count = in.has(1) ? in.operand(1).data.size() / 8 : TRY(in.attributes.integers("axes")).size();
  if (count > 16) return Error(Code::malformed, "has too many axes");
  for (i64 axis : TRY(read_axes(in, shape.size() + count))) shape.insert(shape.begin() + axis, 1);
  return emit_reshape(in, shape);
}

Result<TensorId> import_transpose(Import& in) {
  TransposeAttributes transpose;
  const auto perm = TRY(in.attributes.integers("perm"));
  const usize rank = in.operand(0).shape.size();
  for (i64 axis : perm) {
    if (axis < 0 || axis >= static_cast<i64>(rank))
      return Error(Code::malformed, "perm is outside the input's rank");
    transpose.perm.push_back(static_cast<u32>(axis));
  }
  for (usize i = rank; perm.empty() && i-- > 0;) transpose.perm.push_back(static_cast<u32>(i));
  return in.emit(Op::transpose, in.inputs, transpose);
}

Result<TensorId> import_softmax(Import& in) {
  const Shape& shape = in.operand(0).shape;
  const i64 axis = TRY(in.axis(TRY(in.attributes.integer("axis", in.opset < 13 ? 1 : -1)), shape.size()));
  // Until opset 12 everything from the axis on was one dimension; that differs only where it is more than
  // one.
  if (in.opset < 13 && axis + 1 != static_cast<i64>(shape.size()))
    return Error(Code::unsupported, "before opset 13 only over the last axis; export with opset 13");
  return in.emit(Op::softmax, in.inputs, AxisAttributes{axis});
}

Result<TensorId> import_concat(Import& in) {
  for (usize i = 0; i < in.inputs.size(); ++i)
    if (!in.has(i)) return Error(Code::malformed, "an input is missing");
  const i64 axis = TRY(in.axis(TRY(in.attributes.integer("axis", 0)), in.operand(0).shape.size()));
  return in.emit(Op::concat, in.inputs, AxisAttributes{axis});
}

Result<TensorId> import_pad(Import& in) {
  PadAttributes pad;
  if (TRY(in.attributes.text("mode", "constant")) != "constant")
    return Error(Code::unsupported, "only mode 'constant'");
  const usize rank = in.operand(0).shape.size();
  if (in.has(3)) return Error(Code::unsupported, "an axes input; export with all axes");
  const auto pads = in.has(1) ? TRY(in.constant(1, "pads")) : TRY(in.attributes.integers("pads"));
  pad.value = in.opset < 11 ? TRY(in.attributes.real("value", 0)) : TRY(in.scalar(2, 0, "the pad value"));
  if (pads.size() != 2 * rank) return Error(Code::malformed, "pads need two numbers per axis");
  pad.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  pad.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
  return in.emit(Op::pad, {in.inputs[0]}, pad);
}

Result<TensorId> import_identity(Import& in) { return in.emit(Op::identity, {in.inputs[0]}); }

Result<TensorId> import_dropout(Import& in) {
  TRY(in.attributes.real("ratio", 0.5f));
  TRY(in.attributes.integer("seed", 0));
  if (in.has(2)) {
    const Tensor& training = in.operand(2);
    if (!training.constant || training.data.size() != 1 || training.data[0] != 0)
      return Error(Code::unsupported, "training mode; export the model in evaluation mode");
  }
  return in.emit(Op::identity, {in.inputs[0]});  // inference passes everything
}

/// The tensor of a Constant node: `value`, or one of the short forms.
Result<TensorId> import_constant(Import& in) {
  const auto* tensor = in.attributes.any("value");
  if (tensor != nullptr && std::holds_alternative<onnx_file::Tensor>(*tensor)) {
    const auto& value = std::get<onnx_file::Tensor>(*tensor);
    constexpr std::pair<onnx_file::ElementType, DType> kTypes[] = {{onnx_file::ElementType::f32, DType::f32},
                                                                   {onnx_file::ElementType::i64, DType::i64},
                                                                   {onnx_file::ElementType::i32, DType::i32},
                                                                   {onnx_file::ElementType::i8, DType::i8},
                                                                   {onnx_file::ElementType::u8, DType::u8}};
    for (const auto& [element, dtype] : kTypes)
      if (element == value.type) return in.emit_constant(dtype, value.dims, value.data);
    return Error(Code::unsupported, "a constant that is not float, int8, uint8, int32 or int64");
  }
  const auto one = [&](const char* name) { return in.attributes.any(name); };
  const auto bytes = [](const auto& values) {
    std::vector<u8> data(values.size() * sizeof(values[0]));
    if (!data.empty()) std::memcpy(data.data(), values.data(), data.size());
    return data;
  };
  if (const auto* v = one("value_float"); v && std::holds_alternative<f32>(*v))
    return in.emit_constant(DType::f32, {}, bytes(std::vector<f32>{std::get<f32>(*v)}));
  if (const auto* v = one("value_int"); v && std::holds_alternative<i64>(*v))
    return in.emit_constant(DType::i64, {}, bytes(std::vector<i64>{std::get<i64>(*v)}));
  if (const auto* v = one("value_floats"); v && std::holds_alternative<std::vector<f32>>(*v)) {
    const auto& values = std::get<std::vector<f32>>(*v);
    return in.emit_constant(DType::f32, {static_cast<i64>(values.size())}, bytes(values));
  }
  if (const auto* v = one("value_ints"); v && std::holds_alternative<std::vector<i64>>(*v)) {
    const auto& values = std::get<std::vector<i64>>(*v);
    return in.emit_constant(DType::i64, {static_cast<i64>(values.size())}, bytes(values));
  }
  return Error(Code::unsupported, "a constant without a value this importer reads");
}

/// Scale and zero point of QuantizeLinear and DequantizeLinear.
Result<QuantizeAttributes> read_quantization(Import& in, DType integer) {
  QuantizeAttributes attributes;
  attributes.integer = in.has(2) ? in.operand(2).dtype : integer;
  const bool known =
      attributes.integer == DType::i8 || attributes.integer == DType::u8 || attributes.integer == DType::i32;
  if (!known)
    return Error(Code::unsupported, std::string("integers of type ") + dtype_name(attributes.integer));
  Quantization& q = attributes.quantization;
  if (!in.operand(1).constant || in.operand(1).dtype != DType::f32 || (in.has(2) && !in.operand(2).constant))
    return Error(Code::unsupported, "scale and zero point must be constants");
  q.scales = constant_floats(in.operand(1));
  q.zero_points.assign(q.scales.size(), 0);
  if (in.has(2)) {
    const auto zeros = constant_ints(in.operand(2));
    if (zeros.size() != q.scales.size()) return Error(Code::malformed, "scale and zero point differ in size");
    for (usize i = 0; i < zeros.size(); ++i) q.zero_points[i] = static_cast<i32>(zeros[i]);
  }
  const i64 axis = TRY(in.attributes.integer("axis", 1));
  if (TRY(in.attributes.integer("block_size", 0)) != 0)
    return Error(Code::unsupported, "blocked quantisation");
  TRY(in.attributes.integer("saturate", 1));
  if (!in.operand(1).shape.empty() && !(q.scales.size() == 1 && in.operand(0).shape.empty()))
    q.axis = static_cast<i32>(TRY(in.axis(axis, in.operand(0).shape.size())));
  if (q.per_channel() && q.scales.size() == 1 && in.operand(0).shape[static_cast<usize>(q.axis)] != 1)
    q.axis = -1;
  return attributes;
}

Result<TensorId> import_quantize(Import& in) {
  return in.emit(Op::quantize, {in.inputs[0]}, TRY(read_quantization(in, DType::u8)));
}
Result<TensorId> import_dequantize(Import& in) {
  return in.emit(Op::dequantize, {in.inputs[0]}, TRY(read_quantization(in, in.operand(0).dtype)));
}

Result<TensorId> import_shape(Import& in) {
  const Shape& shape = in.operand(0).shape;
  const i64 rank = static_cast<i64>(shape.size());
  const auto bound = [&](i64 at) { return std::clamp<i64>(at < 0 ? at + rank : at, 0, rank); };
  const i64 start = bound(TRY(in.attributes.integer("start", 0)));
  const i64 end = std::max(start, bound(TRY(in.attributes.integer("end", rank))));
  std::vector<u8> data(static_cast<usize>(end - start) * 8);
  if (!data.empty()) std::memcpy(data.data(), shape.data() + start, data.size());
  return in.emit_constant(DType::i64, {end - start}, std::move(data));
}

/// Gather, Slice and Cast exist for shape computations: what is left of them after folding is refused.
Result<TensorId> only_constant(Import& in, Result<TensorId> emitted) {
  if (emitted.ok() && !in.graph[*emitted].constant)
    return Error(Code::unsupported, "supported on constants only (shape computations)");
  return emitted;
}

Result<TensorId> import_gather(Import& in) {
  const i64 axis = TRY(in.axis(TRY(in.attributes.integer("axis", 0)), in.operand(0).shape.size()));
  return only_constant(in, in.emit(Op::gather, in.inputs, AxisAttributes{axis}));
}

Result<TensorId> import_slice(Import& in) {
  SliceAttributes slice;
  const Shape& shape = in.operand(0).shape;
  const bool inputs = in.opset >= 10;
  if (inputs && !(in.has(1) && in.has(2))) return Error(Code::malformed, "starts or ends are missing");
  const auto starts = inputs ? TRY(in.constant(1, "starts")) : TRY(in.attributes.integers("starts"));
  const auto ends = inputs ? TRY(in.constant(2, "ends")) : TRY(in.attributes.integers("ends"));
  auto axes = in.has(3) ? TRY(in.constant(3, "axes")) : TRY(in.attributes.integers("axes"));
  const auto steps = in.has(4) ? TRY(in.constant(4, "steps")) : std::vector<i64>(starts.size(), 1);
  for (usize i = 0; axes.size() < starts.size(); ++i) axes.push_back(static_cast<i64>(i));
  if (ends.size() != starts.size() || steps.size() != starts.size() || axes.size() != starts.size())
    return Error(Code::malformed, "starts, ends, axes and steps differ in size");
  slice.begin.assign(shape.size(), 0);
  slice.end = shape;
  slice.step.assign(shape.size(), 1);
  for (usize i = 0; i < starts.size(); ++i) {
    const usize at = static_cast<usize>(TRY(in.axis(axes[i], shape.size())));
    const auto bound = [&](i64 v) {
      return v < -shape[at] ? 0 : std::clamp<i64>(v < 0 ? v + shape[at] : v, 0, shape[at]);
    };
    slice.begin[at] = bound(starts[i]);
    slice.end[at] = std::max(bound(ends[i]), slice.begin[at]);
    slice.step[at] = steps[i];
  }
  return only_constant(in, in.emit(Op::slice, {in.inputs[0]}, slice));
}

Result<TensorId> import_cast(Import& in) {
  const i64 to = TRY(in.attributes.integer("to", 1));
  TRY(in.attributes.integer("saturate", 1));
  DType dtype = DType::f32;
  switch (static_cast<onnx_file::ElementType>(to)) {
    case onnx_file::ElementType::f32: break;
    case onnx_file::ElementType::i32: dtype = DType::i32; break;
    case onnx_file::ElementType::i64: dtype = DType::i64; break;
    default: return Error(Code::unsupported, "casts to float, int32 and int64 only");
  }
  if (in.operand(0).dtype == dtype) return in.emit(Op::identity, in.inputs);
  return only_constant(in, in.emit(Op::cast, in.inputs, CastAttributes{dtype}));
}

/// The table: sorted by name.
constexpr ImportRule kRules[] = {
    {"Add", 2, 2, import_elementwise<Op::add>},
    {"AveragePool", 1, 1, import_average_pool},
    {"BatchNormalization", 5, 5, import_batch_norm},
    {"Cast", 1, 1, import_cast},
    {"Clip", 1, 3, import_clip},
    {"Concat", 1, 32, import_concat},
    {"Constant", 0, 0, import_constant},
    {"Conv", 2, 3, import_conv},
    {"DequantizeLinear", 2, 3, import_dequantize},
    {"Div", 2, 2, import_elementwise<Op::div>},
    {"Dropout", 1, 3, import_dropout},
    {"Flatten", 1, 1, import_flatten},
    {"Gather", 2, 2, import_gather},
    {"Gemm", 2, 3, import_gemm},
    {"GlobalAveragePool", 1, 1, import_global_average_pool},
    {"Identity", 1, 1, import_identity},
    {"MatMul", 2, 2, import_matmul},
    {"MaxPool", 1, 1, import_max_pool},
    {"Mul", 2, 2, import_elementwise<Op::mul>},
    {"Pad", 1, 4, import_pad},
    {"QuantizeLinear", 2, 3, import_quantize},
    {"ReduceMean", 1, 2, import_reduce_mean},
    {"Relu", 1, 1, import_relu},
    {"Reshape", 2, 2, import_reshape},
    {"Shape", 1, 1, import_shape},
    {"Slice", 1, 5, import_slice},
    {"Softmax", 1, 1, import_softmax},
    {"Squeeze", 1, 2, import_squeeze},
    {"Sub", 2, 2, import_elementwise<Op::sub>},
    {"Transpose", 1, 1, import_transpose},
    {"Unsqueeze", 1, 2, import_unsqueeze},
};

}  // namespace

const ImportRule* import_rule(std::string_view op_type) {
  for (const ImportRule& rule : kRules)
    if (op_type == rule.name) return &rule;
  return nullptr;
}

std::vector<std::string> importable_operators() {
  std::vector<std::string> names;
  for (const ImportRule& rule : kRules) names.push_back(rule.name);
  return names;
}

}  // namespace pipit::model
