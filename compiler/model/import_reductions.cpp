// Reductions, orders and what is made of them: softmax, normalisations.
#include <algorithm>
#include <numeric>

#include "compiler/model/import_operators.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

std::vector<i64> axes_from(i64 first, usize rank) {
  std::vector<i64> axes;
  for (i64 axis = first; axis < static_cast<i64>(rank); ++axis) axes.push_back(axis);
  return axes;
}

template <Reduce kind>
Result<TensorId> import_reduce(Import& in) {
  const usize rank = in.rank(0);
  const bool keep = TRY(in.attributes.integer("keepdims", 1)) != 0;
  const bool skip_when_empty = TRY(in.attributes.integer("noop_with_empty_axes", 0)) != 0;
  std::vector<i64> axes = in.has(1) ? TRY(in.constant(1, "axes")) : TRY(in.attributes.integers("axes"));
  if (axes.empty() && skip_when_empty) return in.emit(Op::identity, {in.inputs[0]});
  if (axes.empty()) axes = axes_from(0, rank);
  for (i64& axis : axes) axis = TRY(in.axis(axis, rank));
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  const bool image = rank == 4 && axes == std::vector<i64>{2, 3} && in.dtype(0) == DType::f32;
  if (kind == Reduce::mean && image && element_count(in.operand(0).shape) > 0)
    return in.emit(Op::reduce_mean, {in.inputs[0]}, AxesAttributes{axes, keep});
  return in.reduce(kind, in.inputs[0], axes, keep);
}

template <bool largest>
Result<TensorId> import_arg(Import& in) {
  const i64 axis = TRY(in.axis_attribute(0)), keep = TRY(in.attributes.integer("keepdims", 1));
  return in.emit(FunctionId::arg_reduce, in.inputs,
                 {largest, axis, keep, TRY(in.attributes.integer("select_last_index", 0))});
}

Result<TensorId> import_cumulative_sum(Import& in) {
  const i64 exclusive = TRY(in.attributes.integer("exclusive", 0));
  return in.emit(FunctionId::cumulative_sum, in.inputs,
                 {exclusive, TRY(in.attributes.integer("reverse", 0))});
}

Result<TensorId> import_top_k(Import& in) {
  const i64 axis = TRY(in.axis_attribute(-1));
  const i64 largest = TRY(in.attributes.integer("largest", 1));
  TRY(in.attributes.integer("sorted", 1));
  const auto k = in.has(1) ? TRY(in.constant(1, "k")) : std::vector<i64>{TRY(in.attributes.integer("k", 1))};
  if (k.size() != 1) return Error(Code::malformed, "needs one k");
  const TensorId indices = TRY(in.emit(FunctionId::top_k, {in.inputs[0]}, {axis, k[0], largest}));
  if (in.wants_output(1)) in.bind(1, indices);
  return in.emit(FunctionId::gather_elements, {in.inputs[0], indices}, {axis});
}

/// The axes of a softmax as one, last: before opset 13 everything from the axis on.
struct Flattened {
  TensorId x;
  Shape shape;
  std::vector<i64> axes;
};

Result<Flattened> flatten_from_axis(Import& in) {
  const Shape shape = in.operand(0).shape;
  const i64 axis = TRY(in.axis_attribute(in.opset < 13 ? 1 : -1));
  if (in.opset >= 13) return Flattened{in.inputs[0], shape, {axis}};
  const i64 outer = element_count(Shape(shape.begin(), shape.begin() + axis));
  return Flattened{
      TRY(in.reshape(in.inputs[0], {outer, element_count(Shape(shape.begin() + axis, shape.end()))})),
      shape,
      {1}};
}

Result<TensorId> import_softmax(Import& in) {
  const Flattened flat = TRY(flatten_from_axis(in));
  const Tensor& x = in.graph[flat.x];
  if (x.dtype == DType::f32 && element_count(x.shape) > 0)
    return in.reshape(TRY(in.emit(Op::softmax, {flat.x}, AxisAttributes{flat.axes[0]})), flat.shape);
  const TensorId top = TRY(in.reduce(Reduce::maximum, flat.x, flat.axes));
  const TensorId powers = TRY(in.unary(Unary::exp, TRY(in.binary(Binary::subtract, flat.x, top))));
  const TensorId sum = TRY(in.reduce(Reduce::sum, powers, flat.axes));
  return in.reshape(TRY(in.binary(Binary::divide, powers, sum)), flat.shape);
}

Result<TensorId> import_log_softmax(Import& in) {
  const Flattened flat = TRY(flatten_from_axis(in));
  const TensorId sum = TRY(in.reduce(Reduce::log_sum_exp, flat.x, flat.axes));
  return in.reshape(TRY(in.binary(Binary::subtract, flat.x, sum)), flat.shape);
}

/// 1 at the first largest element, 0 elsewhere.
Result<TensorId> import_hardmax(Import& in) {
  const Flattened flat = TRY(flatten_from_axis(in));
  const Tensor& x = in.graph[flat.x];
  const DType dtype = x.dtype;
  const i64 axis = flat.axes[0], depth = x.shape[static_cast<usize>(axis)];
  const TensorId best = TRY(in.emit(FunctionId::arg_reduce, {flat.x}, {1, axis, 0, 0}));
  const TensorId values =
      TRY(in.emit(Op::concat, {in.fill(dtype, {1}, 0), in.fill(dtype, {1}, 1)}, AxisAttributes{0}));
  return in.reshape(TRY(in.emit(FunctionId::one_hot, {best, values}, {axis, depth})), flat.shape);
}

Result<TensorId> import_lp_normalization(Import& in) {
  const i64 axis = TRY(in.axis_attribute(-1)), p = TRY(in.attributes.integer("p", 2));
  if (p != 1 && p != 2) return Error(Code::unsupported, "norms other than L1 and L2");
  return in.binary(Binary::divide, in.inputs[0],
                   TRY(in.reduce(p == 1 ? Reduce::l1 : Reduce::l2, in.inputs[0], {axis})));
}

/// Zero mean and unit variance over the axes.
Result<TensorId> import_mvn(Import& in) {
  auto axes = TRY(in.attributes.integers("axes"));
  if (axes.empty()) axes = {0, 2, 3};
  for (i64& axis : axes) axis = TRY(in.axis(axis, in.rank(0)));
  const TensorId centred =
      TRY(in.binary(Binary::subtract, in.inputs[0], TRY(in.reduce(Reduce::mean, in.inputs[0], axes))));
  const TensorId variance = TRY(in.reduce(Reduce::mean, TRY(in.unary(Unary::square, centred)), axes));
  const TensorId deviation = TRY(in.unary(Unary::sqrt, variance));
  return in.binary(Binary::divide, centred,
                   TRY(in.binary(Binary::add, deviation, in.number(in.dtype(0), 1e-9))));
}

/// (x − mean) ÷ √(variance + epsilon) over `axes`; yields mean and inverse deviation as well.
struct Normalised {
  TensorId x, mean, inverse;
};

Result<Normalised> normalise(Import& in, TensorId x, const std::vector<i64>& axes, f32 epsilon) {
  const DType dtype = in.graph[x].dtype;
  const TensorId mean = TRY(in.reduce(Reduce::mean, x, axes));
  const TensorId centred = TRY(in.binary(Binary::subtract, x, mean));
  const TensorId variance = TRY(in.reduce(Reduce::mean, TRY(in.unary(Unary::square, centred)), axes));
  const TensorId deviation =
      TRY(in.unary(Unary::sqrt, TRY(in.binary(Binary::add, variance, in.number(dtype, epsilon)))));
  const TensorId inverse = TRY(in.unary(Unary::reciprocal, deviation));
  return Normalised{TRY(in.binary(Binary::multiply, centred, inverse)), mean, inverse};
}

Result<TensorId> import_layer_normalization(Import& in) {
  const i64 axis = TRY(in.axis_attribute(-1));
  const f32 epsilon = TRY(in.attributes.real("epsilon", 1e-5f));
  const i64 stash = TRY(in.attributes.integer("stash_type", 1));
  if (stash != 1) return Error(Code::unsupported, "statistics in another type than float");
  const DType dtype = in.dtype(0);
  // Statistics are float, whatever the input is.
  const TensorId wide = dtype == DType::f64 ? in.inputs[0] : TRY(in.cast(in.inputs[0], DType::f32));
  const Normalised unit = TRY(normalise(in, wide, axes_from(axis, in.rank(0)), epsilon));
  if (in.wants_output(1)) in.bind(1, unit.mean);
  if (in.wants_output(2)) in.bind(2, unit.inverse);
  TensorId y = TRY(in.binary(Binary::multiply, TRY(in.cast(unit.x, dtype)), in.inputs[1]));
  if (in.has(2)) y = TRY(in.binary(Binary::add, y, in.inputs[2]));
  return y;
}

Result<TensorId> import_group_normalization(Import& in) {
  const i64 groups = TRY(in.attributes.integer("num_groups", 0));
  const f32 epsilon = TRY(in.attributes.real("epsilon", 1e-5f));
  TRY(in.attributes.integer("stash_type", 1));
  const Shape shape = in.operand(0).shape;
  if (shape.size() < 3 || groups < 1 || shape[1] % groups != 0)
    return Error(Code::malformed, "the groups do not fit the channels");
  const i64 inside = element_count(shape) / std::max<i64>(shape[0] * groups, 1);
  const Normalised unit =
      TRY(normalise(in, TRY(in.reshape(in.inputs[0], {shape[0], groups, inside})), {2}, epsilon));
  TensorId y = TRY(in.reshape(unit.x, shape));
  for (usize i = 1; i <= 2; ++i) {
    // One number a channel since opset 21, one a group before.
    const i64 size = element_count(in.operand(i).shape);
    Shape split = {shape[0], size, shape[1] / std::max<i64>(size, 1),
                   element_count(Shape(shape.begin() + 2, shape.end()))};
    if (size == 0 || shape[1] % size != 0)
      return Error(Code::malformed, "scale or bias does not fit the channels");
    const TensorId factor = TRY(in.reshape(in.inputs[i], {size, 1, 1}));
    y = TRY(in.binary(i == 1 ? Binary::multiply : Binary::add, TRY(in.reshape(y, split)), factor));
  }
  return in.reshape(y, shape);
}

// ---- operators whose output is as long as their data say (onnx_structure.cpp)

/// The number found: the first element of what a counting function made.
Result<TensorId> import_count(Import& in) {
  return in.reshape(TRY(in.slice(in.inputs[0], {0, 0}, {1, 1})), {});
}

Result<TensorId> find_non_zero(Import& in) { return in.emit(FunctionId::non_zero, {in.inputs[0]}); }

Result<i64> found(Import& in, i64 limit) {
  const auto count = TRY(in.constant(1, "the number found"));
  if (count.size() != 1 || count[0] < 0 || count[0] > limit)
    return Error(Code::internal, "found more than there can be");
  return count[0];
}

/// Rows 1 … of [rank + 1, room], as long as the number found.
Result<TensorId> take_non_zero(Import& in) {
  const Shape packed = in.operand(0).shape;
  const i64 count = TRY(found(in, packed[1]));
  return in.slice(in.inputs[0], {1, 0}, {packed[0] - 1, count});
}

Result<TensorId> find_compressed(Import& in) {
  TRY(in.attributes.integer("axis", 0));
  return in.emit(FunctionId::non_zero, {TRY(in.reshape(in.inputs[0], {element_count(in.operand(0).shape)}))});
}

Result<TensorId> take_compressed(Import& in) {
  const Shape packed = in.operand(0).shape;
  const i64 count = TRY(found(in, packed[1]));
  const TensorId picks = TRY(in.reshape(TRY(in.slice(in.inputs[0], {1, 0}, {1, count})), {count}));
  if (in.attributes.has("axis"))
    return in.emit(FunctionId::gather, {in.inputs[2], picks}, {TRY(in.axis_attribute(0, 2))});
  const TensorId flat = TRY(in.reshape(in.inputs[2], {element_count(in.operand(2).shape)}));
  return in.emit(FunctionId::gather, {flat, picks}, {0});
}

Result<TensorId> find_unique(Import& in) {
  const bool flat = !in.attributes.has("axis");
  const i64 axis = flat ? -1 : TRY(in.axis_attribute(0));
  return in.emit(FunctionId::unique, {in.inputs[0]}, {axis, TRY(in.attributes.integer("sorted", 1))});
}

/// [4, n] as unique values, where each is first, the inverse and the counts.
Result<TensorId> take_unique(Import& in) {
  TRY(in.attributes.integer("sorted", 1));
  const bool flat = !in.attributes.has("axis");
  const i64 axis = flat ? 0 : TRY(in.axis_attribute(0, 2));
  const Shape packed = in.operand(0).shape;
  const i64 count = TRY(found(in, packed[1]));
  const i64 slices =
      flat ? element_count(in.operand(2).shape) : in.operand(2).shape[static_cast<usize>(axis)];
  const i64 lengths[] = {count, slices, count};
  TensorId rows[3];
  for (i64 row = 0; row < 3; ++row) {
    rows[row] = TRY(in.reshape(TRY(in.slice(in.inputs[0], {row + 1, 0}, {1, lengths[row]})), {lengths[row]}));
    if (in.wants_output(static_cast<usize>(row) + 1)) in.bind(static_cast<usize>(row) + 1, rows[row]);
  }
  const TensorId x = flat ? TRY(in.reshape(in.inputs[2], {slices})) : in.inputs[2];
  return in.emit(FunctionId::gather, {x, rows[0]}, {axis});
}

constexpr ImportRule kRules[] = {
    {"ArgMax", 1, 1, import_arg<true>},
    {"ArgMin", 1, 1, import_arg<false>},
    {"CumSum", 2, 2, import_cumulative_sum},
    {"GroupNormalization", 3, 3, import_group_normalization},
    {"Hardmax", 1, 1, import_hardmax},
    {"LayerNormalization", 2, 3, import_layer_normalization},
    {"LogSoftmax", 1, 1, import_log_softmax},
    {"LpNormalization", 1, 1, import_lp_normalization},
    {"MeanVarianceNormalization", 1, 1, import_mvn},
    {"ReduceL1", 1, 2, import_reduce<Reduce::l1>},
    {"ReduceL2", 1, 2, import_reduce<Reduce::l2>},
    {"ReduceLogSum", 1, 2, import_reduce<Reduce::log_sum>},
    {"ReduceLogSumExp", 1, 2, import_reduce<Reduce::log_sum_exp>},
    {"ReduceMax", 1, 2, import_reduce<Reduce::maximum>},
    {"ReduceMean", 1, 2, import_reduce<Reduce::mean>},
    {"ReduceMin", 1, 2, import_reduce<Reduce::minimum>},
    {"ReduceProd", 1, 2, import_reduce<Reduce::product>},
    {"ReduceSum", 1, 2, import_reduce<Reduce::sum>},
    {"ReduceSumSquare", 1, 2, import_reduce<Reduce::sum_square>},
    {"Softmax", 1, 1, import_softmax},
    {"TopK", 1, 2, import_top_k},
    {"pipit.Compress", 1, 1, find_compressed},
    {"pipit.Compress.part", 3, 3, take_compressed},
    {"pipit.Count", 1, 1, import_count},
    {"pipit.NonZero", 1, 1, find_non_zero},
    {"pipit.NonZero.part", 2, 2, take_non_zero},
    {"pipit.Unique", 1, 1, find_unique},
    {"pipit.Unique.part", 3, 3, take_unique},
};

}  // namespace

std::span<const ImportRule> reduction_rules() { return kRules; }

}  // namespace pipit::model
