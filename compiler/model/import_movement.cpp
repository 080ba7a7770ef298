// Operators that move elements, and those that make tensors of nothing but a shape.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/model/import_onnx.h"
#include "compiler/model/import_operators.h"
#include "compiler/model/onnx_program.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

/// ints of a shape: its rank, then its dimensions.
Result<std::vector<i64>> shape_ints(const Shape& shape) {
  if (shape.size() > nn::kMaxRank) return Error(Code::unsupported, "more than 8 dimensions");
  std::vector<i64> ints{static_cast<i64>(shape.size())};
  ints.insert(ints.end(), shape.begin(), shape.end());
  return ints;
}

Result<TensorId> emit_reshape(Import& in, const Shape& shape) { return in.reshape(in.inputs[0], shape); }

/// Resolves 0 (copy) and −1 (whatever is left) of a reshape target.
Result<TensorId> import_reshape(Import& in) {
  const Shape from = in.operand(0).shape;
  Shape shape = in.opset < 5 ? TRY(in.attributes.integers("shape")) : Shape{};
  if (in.has(1)) shape = TRY(in.constant(1, "the target shape"));
  const bool allow_zero = TRY(in.attributes.integer("allowzero", 0)) != 0;
  i64 known = 1;
  usize open = shape.size();
  for (usize i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero && i < from.size()) shape[i] = from[i];
    if (shape[i] == -1 && open == shape.size())
      open = i;
    else if (shape[i] < 0 || shape[i] > kMaxElements || shape[i] * known > kMaxElements)
      return Error(Code::malformed, "the target shape is not valid");
    else
      known *= shape[i];
  }
  if (open != shape.size()) {
    if (known == 0 || element_count(from) % known != 0)
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
  return emit_reshape(in, {outer, element_count(Shape(from.begin() + axis, from.end()))});
}

/// Axes of Squeeze and Unsqueeze: an attribute until opset 12, an input since.
Result<std::vector<i64>> read_axes(Import& in, std::vector<i64> axes, usize rank) {
  if (axes.size() > rank) return Error(Code::malformed, "has more axes than dimensions");
  for (i64& axis : axes) axis = TRY(in.axis(axis, rank));
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return Error(Code::malformed, "an axis repeats");
  return axes;
}

Result<TensorId> import_squeeze(Import& in) {
  const Shape from = in.operand(0).shape;
  const auto raw = in.has(1) ? TRY(in.constant(1, "axes")) : TRY(in.attributes.integers("axes"));
  const auto axes = TRY(read_axes(in, raw, from.size()));
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
  const auto raw = in.has(1) ? TRY(in.constant(1, "axes")) : TRY(in.attributes.integers("axes"));
  if (raw.size() > 16) return Error(Code::malformed, "has too many axes");
  for (i64 axis : TRY(read_axes(in, raw, shape.size() + raw.size()))) shape.insert(shape.begin() + axis, 1);
  return emit_reshape(in, shape);
}

Result<TensorId> import_transpose(Import& in) {
  std::vector<u32> axes;
  const auto perm = TRY(in.attributes.integers("perm"));
  for (i64 axis : perm) {
    if (axis < 0 || axis >= static_cast<i64>(in.rank(0)))
      return Error(Code::malformed, "perm is outside the input's rank");
    axes.push_back(static_cast<u32>(axis));
  }
  for (usize i = in.rank(0); perm.empty() && i-- > 0;) axes.push_back(static_cast<u32>(i));
  return in.transpose(in.inputs[0], axes);
}

Result<TensorId> import_concat(Import& in) {
  for (usize i = 0; i < in.inputs.size(); ++i)
    if (!in.has(i)) return Error(Code::malformed, "an input is missing");
  const i64 axis = TRY(in.axis_attribute(in.opset < 4 ? 1 : 0));
  // An operator has at most 32 operands: many are joined in groups.
  std::vector<TensorId> parts = in.inputs;
  while (parts.size() > 32) {
    std::vector<TensorId> joined;
    for (usize at = 0; at < parts.size(); at += 32) {
      const usize end = std::min(parts.size(), at + 32);
      const std::vector<TensorId> group(parts.begin() + static_cast<std::ptrdiff_t>(at),
                                        parts.begin() + static_cast<std::ptrdiff_t>(end));
      joined.push_back(group.size() == 1 ? group[0] : TRY(in.emit(Op::concat, group, AxisAttributes{axis})));
    }
    parts = std::move(joined);
  }
  return in.emit(Op::concat, parts, AxisAttributes{axis});
}

struct Pads {
  std::vector<i64> before, after;
};

/// Two numbers an axis, those of `axes` only where given.
Result<Pads> spread_pads(Import& in, const std::vector<i64>& pads, std::vector<i64> axes) {
  const usize rank = in.rank(0);
  for (usize i = axes.size(); i < rank && axes.size() * 2 < pads.size() && !in.has(3); ++i)
    axes.push_back(static_cast<i64>(i));
  if (pads.size() != axes.size() * 2) return Error(Code::malformed, "pads need two numbers per axis");
  Pads spread{std::vector<i64>(rank, 0), std::vector<i64>(rank, 0)};
  for (usize i = 0; i < axes.size(); ++i) {
    const usize at = static_cast<usize>(TRY(in.axis(axes[i], rank)));
    spread.before[at] = pads[i];
    spread.after[at] = pads[axes.size() + i];
  }
  return spread;
}

Result<TensorId> import_pad(Import& in) {
  const std::string mode = TRY(in.attributes.text("mode", "constant"));
  const char* const kModes[] = {"constant", "edge", "reflect", "wrap"};
  const auto found = std::find(std::begin(kModes), std::end(kModes), mode);
  if (found == std::end(kModes)) return Error(Code::malformed, "mode '" + mode + "' is not known");
  const bool inputs = in.opset >= 11;
  const char* attribute = in.opset < 2 ? "paddings" : "pads";
  const auto raw = inputs ? (in.has(1) ? TRY(in.constant(1, "pads")) : std::vector<i64>{})
                          : TRY(in.attributes.integers(attribute));
  const auto axes = in.has(3) ? TRY(in.constant(3, "axes")) : std::vector<i64>{};
  const Pads pads = TRY(spread_pads(in, raw, axes));
  const f32 attribute_value = inputs ? 0 : TRY(in.attributes.real("value", 0));
  const bool known_value = !in.has(2) || in.operand(2).constant;
  const auto positive = [](const std::vector<i64>& v) {
    return std::all_of(v.begin(), v.end(), [](i64 x) { return x >= 0 && x <= 65535; });
  };
  const DType dtype = in.dtype(0);
  if (mode == "constant" && known_value && positive(pads.before) && positive(pads.after) &&
      dtype == DType::f32 && element_count(in.operand(0).shape) > 0) {
    const auto value = in.has(2) ? constant_floats(in.operand(2)) : std::vector<f32>{attribute_value};
    if (value.size() == 1 && !std::isnan(value[0]))
      return in.emit(Op::pad, {in.inputs[0]}, PadAttributes{pads.before, pads.after, value[0]});
  }
  if (in.rank(0) > nn::kMaxRank) return Error(Code::unsupported, "more than 8 dimensions");
  std::vector<i64> ints(17, 0);
  ints[0] = found - std::begin(kModes);
  std::copy(pads.before.begin(), pads.before.end(), ints.begin() + 1);
  std::copy(pads.after.begin(), pads.after.end(), ints.begin() + 9);
  const TensorId value = in.has(2) ? in.inputs[2] : in.number(dtype, static_cast<f64>(attribute_value));
  return in.emit(FunctionId::pad, {in.inputs[0], value}, ints);
}

Result<TensorId> import_slice(Import& in) {
  const Shape shape = in.operand(0).shape;
  const bool inputs = in.opset >= 10;
  if (inputs && !(in.has(1) && in.has(2))) return Error(Code::malformed, "starts or ends are missing");
  const auto starts = inputs ? TRY(in.constant(1, "starts")) : TRY(in.attributes.integers("starts"));
  const auto ends = inputs ? TRY(in.constant(2, "ends")) : TRY(in.attributes.integers("ends"));
  auto axes = in.has(3) ? TRY(in.constant(3, "axes")) : TRY(in.attributes.integers("axes"));
  const auto steps = in.has(4) ? TRY(in.constant(4, "steps")) : std::vector<i64>(starts.size(), 1);
  for (i64 i = 0; axes.size() < starts.size(); ++i) axes.push_back(i);
  if (ends.size() != starts.size() || steps.size() != starts.size() || axes.size() != starts.size())
    return Error(Code::malformed, "starts, ends, axes and steps differ in size");
  std::vector<i64> begin(shape.size(), 0), count = shape, step(shape.size(), 1);
  for (usize i = 0; i < starts.size(); ++i) {
    const usize at = static_cast<usize>(TRY(in.axis(axes[i], shape.size())));
    const i64 extent = shape[at], by = std::clamp<i64>(steps[i], -kMaxElements, kMaxElements);
    if (by == 0) return Error(Code::malformed, "a step is 0");
    const auto from_end = [&](i64 v) { return v < 0 ? (v < -extent ? -1 : v + extent) : v; };
    // Forward: first and last + 1 within [0, extent]; backward: first within the axis, the end may be −1.
    const i64 low = by > 0 ? 0 : -1, high = by > 0 ? extent : extent - 1;
    const i64 first = std::clamp(from_end(starts[i]), by > 0 ? 0 : std::min<i64>(0, high), high);
    const i64 last = std::clamp(from_end(ends[i]), low, high);
    begin[at] = first;
    step[at] = by;
    count[at] = by > 0 ? std::max<i64>(0, (last - first + by - 1) / by)
                       : std::max<i64>(0, (first - last - by - 1) / -by);
    if (count[at] == 0) begin[at] = 0;
  }
  return in.slice(in.inputs[0], begin, count, step);
}

Result<TensorId> import_split(Import& in) {
  const usize axis = static_cast<usize>(TRY(in.axis_attribute(0)));
  const Shape shape = in.operand(0).shape;
  std::vector<i64> parts =
      in.has(1) ? TRY(in.constant(1, "the split")) : TRY(in.attributes.integers("split"));
  const i64 outputs =
      std::max<i64>(TRY(in.attributes.integer("num_outputs", static_cast<i64>(in.output_count()))), 1);
  if (parts.empty()) {
    const i64 size = (shape[axis] + outputs - 1) / outputs;
    for (i64 i = 0; i < outputs && i < 65536; ++i)
      parts.push_back(std::clamp<i64>(shape[axis] - i * size, 0, size));
  }
  i64 total = 0;
  for (i64 part : parts) total += part < 0 || part > kMaxElements ? kMaxElements * 4 : part;
  if (total != shape[axis] || parts.size() < in.output_count())
    return Error(Code::malformed, "the parts are not the whole");
  std::vector<i64> begin(shape.size(), 0), count = shape;
  TensorId first;
  for (usize i = 0; i < in.output_count(); ++i) {
    count[axis] = parts[i];
    const TensorId part = TRY(in.slice(in.inputs[0], begin, count));
    if (i == 0)
      first = part;
    else
      in.bind(i, part);
    begin[axis] += parts[i];
  }
  return first;
}

Result<TensorId> import_tile(Import& in) {
  const auto repeats = TRY(in.constant(1, "repeats"));
  if (repeats.size() != in.rank(0) || repeats.size() > nn::kMaxRank)
    return Error(Code::malformed, "repeats need one number per axis");
  return in.emit(FunctionId::tile, {in.inputs[0]}, repeats);
}

Result<TensorId> import_expand(Import& in) {
  Shape wanted = TRY(in.constant(1, "the shape"));
  Shape from = in.operand(0).shape;
  const usize rank = std::max(wanted.size(), from.size());
  wanted.insert(wanted.begin(), rank - wanted.size(), 1);
  from.insert(from.begin(), rank - from.size(), 1);
  for (usize i = 0; i < rank; ++i) wanted[i] = wanted[i] == 1 ? from[i] : wanted[i];
  return in.emit(FunctionId::expand, {in.inputs[0]}, TRY(shape_ints(wanted)));
}

Result<TensorId> import_gather(Import& in) {
  return in.emit(FunctionId::gather, in.inputs, {TRY(in.axis_attribute(0))});
}
Result<TensorId> import_gather_elements(Import& in) {
  return in.emit(FunctionId::gather_elements, in.inputs, {TRY(in.axis_attribute(0))});
}
Result<TensorId> import_gather_nd(Import& in) {
  return in.emit(FunctionId::gather_nd, in.inputs, {TRY(in.attributes.integer("batch_dims", 0))});
}

Result<i64> scatter_kind(Import& in) {
  const std::string how = TRY(in.attributes.text("reduction", "none"));
  const char* const kNames[] = {"none", "add", "mul", "min", "max"};
  const auto found = std::find(std::begin(kNames), std::end(kNames), how);
  if (found == std::end(kNames)) return Error(Code::malformed, "reduction '" + how + "' is not known");
  return static_cast<i64>(found - std::begin(kNames));
}

Result<TensorId> import_scatter_elements(Import& in) {
  const i64 axis = TRY(in.axis_attribute(0));
  return in.emit(FunctionId::scatter_elements, in.inputs, {axis, TRY(scatter_kind(in))});
}
Result<TensorId> import_scatter_nd(Import& in) {
  return in.emit(FunctionId::scatter_nd, in.inputs, {0, TRY(scatter_kind(in))});
}

Result<TensorId> import_one_hot(Import& in) {
  std::vector<i64> depth;
  if (in.operand(1).constant && nn::general::includes(nn::general::Kinds::real, in.dtype(1)))
    depth = {static_cast<i64>(TRY(in.constant_reals(1, "the depth"))[0])};
  else
    depth = TRY(in.constant(1, "the depth"));
  const i64 axis = TRY(in.axis(TRY(in.attributes.integer("axis", -1)), in.rank(0) + 1));
  if (depth.size() != 1) return Error(Code::malformed, "needs one depth");
  return in.emit(FunctionId::one_hot, {in.inputs[0], in.inputs[2]}, {axis, depth[0]});
}

Result<TensorId> import_trilu(Import& in) {
  return in.emit(FunctionId::trilu, in.inputs, {TRY(in.attributes.integer("upper", 1))});
}

Result<TensorId> import_eye_like(Import& in) {
  i64 dtype = static_cast<i64>(in.dtype(0));
  if (in.attributes.has("dtype"))
    dtype = static_cast<i64>(
        dtype_of(static_cast<onnx_file::ElementType>(TRY(in.attributes.integer("dtype", 1)))));
  return in.emit(FunctionId::eye, in.inputs, {dtype, TRY(in.attributes.integer("k", 0))});
}

Result<TensorId> import_reverse_sequence(Import& in) {
  const i64 time = TRY(in.axis(TRY(in.attributes.integer("time_axis", 0)), in.rank(0)));
  const i64 batch = TRY(in.axis(TRY(in.attributes.integer("batch_axis", 1)), in.rank(0)));
  return in.emit(FunctionId::reverse_sequence, in.inputs, {time, batch});
}

/// Blocks of pixels to channels and back: a reshape, a transpose, a reshape.
Result<TensorId> import_depth_to_space(Import& in) {
  const i64 block = TRY(in.attributes.integer("blocksize", 0));
  const std::string mode = TRY(in.attributes.text("mode", "DCR"));
  const Shape x = in.operand(0).shape;
  if (x.size() != 4 || block < 1 || block > 65535 || x[1] % (block * block) != 0)
    return Error(Code::malformed, "the block does not fit the channels");
  const i64 depth = x[1] / (block * block);
  const bool columns = mode == "CRD";
  const Shape split =
      columns ? Shape{x[0], depth, block, block, x[2], x[3]} : Shape{x[0], block, block, depth, x[2], x[3]};
  const std::vector<u32> perm =
      columns ? std::vector<u32>{0, 1, 4, 2, 5, 3} : std::vector<u32>{0, 3, 4, 1, 5, 2};
  const TensorId moved = TRY(in.transpose(TRY(in.reshape(in.inputs[0], split)), perm));
  return in.reshape(moved, {x[0], depth, x[2] * block, x[3] * block});
}

Result<TensorId> import_space_to_depth(Import& in) {
  const i64 block = TRY(in.attributes.integer("blocksize", 0));
  const Shape x = in.operand(0).shape;
  if (x.size() != 4 || block < 1 || x[2] % block != 0 || x[3] % block != 0)
    return Error(Code::malformed, "the block does not fit the image");
  const TensorId split =
      TRY(in.reshape(in.inputs[0], {x[0], x[1], x[2] / block, block, x[3] / block, block}));
  const TensorId moved = TRY(in.transpose(split, {0, 3, 5, 1, 2, 4}));
  return in.reshape(moved, {x[0], x[1] * block * block, x[2] / block, x[3] / block});
}

Result<TensorId> import_shape(Import& in) {
  const Shape& shape = in.operand(0).shape;
  const i64 rank = static_cast<i64>(shape.size());
  const auto bound = [&](i64 at) { return std::clamp<i64>(at < 0 ? at + rank : at, 0, rank); };
  const i64 start = bound(TRY(in.attributes.integer("start", 0)));
  const i64 end = std::max(start, bound(TRY(in.attributes.integer("end", rank))));
  std::vector<u8> data(static_cast<usize>(end - start) * 8);
  if (!data.empty()) std::memcpy(data.data(), shape.data() + start, data.size());
  return in.emit_constant(DType::i64, {end - start}, data);
}

Result<TensorId> import_size(Import& in) {
  return in.number(DType::i64, static_cast<f64>(element_count(in.operand(0).shape)));
}

Result<TensorId> import_constant(Import& in) {
  if (const auto* tensor = in.attributes.any("value");
      tensor && std::holds_alternative<onnx_file::Tensor>(*tensor)) {
    const auto& value = std::get<onnx_file::Tensor>(*tensor);
    return in.emit_constant(dtype_of(value.type), value.dims, value.data);
  }
  const auto bytes = [](const auto& values) {
    std::vector<u8> data(values.size() * sizeof(values[0]));
    if (!data.empty()) std::memcpy(data.data(), values.data(), data.size());
    return data;
  };
  if (in.attributes.has("value_float"))
    return in.emit_constant(DType::f32, {},
                            bytes(std::vector<f32>{TRY(in.attributes.real("value_float", 0))}));
  if (in.attributes.has("value_int"))
    return in.emit_constant(DType::i64, {},
                            bytes(std::vector<i64>{TRY(in.attributes.integer("value_int", 0))}));
  if (in.attributes.has("value_floats")) {
    const auto values = TRY(in.attributes.reals("value_floats"));
    return in.emit_constant(DType::f32, {static_cast<i64>(values.size())}, bytes(values));
  }
  if (in.attributes.has("value_ints")) {
    const auto values = TRY(in.attributes.integers("value_ints"));
    return in.emit_constant(DType::i64, {static_cast<i64>(values.size())}, bytes(values));
  }
  return Error(Code::unsupported, "a constant without a value this importer reads");
}

Result<TensorId> import_constant_of_shape(Import& in) {
  const Shape shape = TRY(in.constant(0, "the shape"));
  TensorId value = in.number(DType::f32, 0);
  if (const auto* given = in.attributes.any("value");
      given && std::holds_alternative<onnx_file::Tensor>(*given)) {
    const auto& tensor = std::get<onnx_file::Tensor>(*given);
    value = TRY(in.emit_constant(dtype_of(tensor.type), tensor.dims, tensor.data));
  }
  for (i64 dim : shape)
    if (dim < 0 || dim > kMaxElements) return Error(Code::malformed, "the shape is not valid");
  return in.emit(FunctionId::expand, {TRY(in.reshape(value, {}))}, TRY(shape_ints(shape)));
}

Result<TensorId> import_range(Import& in) {
  std::vector<f64> bounds;
  for (usize i = 0; i < 3; ++i) {
    if (nn::general::includes(nn::general::Kinds::real, in.dtype(i))) {
      const auto values = TRY(in.constant_reals(i, "its bounds"));
      bounds.push_back(values.empty() ? 0 : static_cast<f64>(values[0]));
    } else {
      const auto values = TRY(in.constant(i, "its bounds"));
      bounds.push_back(values.empty() ? 0 : static_cast<f64>(values[0]));
    }
  }
  if (bounds[2] == 0) return Error(Code::malformed, "its step is 0");
  const f64 steps = std::ceil((bounds[1] - bounds[0]) / bounds[2]);
  if (!(steps < static_cast<f64>(kMaxElements))) return Error(Code::out_of_range, "is too long");
  return in.emit(FunctionId::range, {in.inputs[0], in.inputs[2]}, {static_cast<i64>(std::max(0.0, steps))});
}

constexpr ImportRule kRules[] = {
    {"Concat", 1, 4096, import_concat},
    {"Constant", 0, 0, import_constant},
    {"ConstantOfShape", 1, 1, import_constant_of_shape},
    {"DepthToSpace", 1, 1, import_depth_to_space},
    {"Expand", 2, 2, import_expand},
    {"EyeLike", 1, 1, import_eye_like},
    {"Flatten", 1, 1, import_flatten},
    {"Gather", 2, 2, import_gather},
    {"GatherElements", 2, 2, import_gather_elements},
    {"GatherND", 2, 2, import_gather_nd},
    {"OneHot", 3, 3, import_one_hot},
    {"Pad", 1, 4, import_pad},
    {"Range", 3, 3, import_range},
    {"Reshape", 1, 2, import_reshape},
    {"ReverseSequence", 2, 2, import_reverse_sequence},
    {"Scatter", 3, 3, import_scatter_elements},
    {"ScatterElements", 3, 3, import_scatter_elements},
    {"ScatterND", 3, 3, import_scatter_nd},
    {"Shape", 1, 1, import_shape},
    {"Size", 1, 1, import_size},
    {"Slice", 1, 5, import_slice},
    {"SpaceToDepth", 1, 1, import_space_to_depth},
    {"Split", 1, 2, import_split},
    {"Squeeze", 1, 2, import_squeeze},
    {"Tile", 2, 2, import_tile},
    {"Transpose", 1, 1, import_transpose},
    {"Trilu", 1, 2, import_trilu},
    {"Unsqueeze", 1, 2, import_unsqueeze},
};

}  // namespace

std::span<const ImportRule> movement_rules() { return kRules; }

}  // namespace pipit::model
