// What moves elements, and leaves them as they are.
#include <algorithm>

#include "compiler/model/import_tflite_operators.h"
#include "compiler/model/quantized.h"

namespace pipit::model {
namespace {

using support::Status;

// Fields of the options.
constexpr u32 kConcatAxis = 0, kConcatActivation = 1;

/// RESHAPE, SQUEEZE, EXPAND_DIMS, FLATTEN: the output's shape says it all.
Status import_reshape(TfliteImport& in) {
  if (element_count(in.operand(0).shape) != element_count(in.output().shape))
    return in.malformed("reshapes " + to_string(in.operand(0).shape) + " to " + to_string(in.output().shape));
  if (is_plain_integers(in, 1)) {
    in.emit(Op::general, {in.inputs[0]}, reshape_to(in.output().shape));
    return {};
  }
  in.emit(Op::reshape, {in.inputs[0]}, ReshapeAttributes{in.output().shape});
  return {};
}

/// `id` in the scale `to`; itself where it has that scale.
TensorId rescaled(TfliteImport& in, TensorId id, const Quantization& to) {
  if (in.graph[id].dtype != DType::i8 || quantization_of(in.graph[id]) == to) return id;
  Tensor tensor{in.graph[id].name + ".rescaled", DType::i8, in.graph[id].shape, to};
  return in.emit_to(std::move(tensor), Op::requantize, {id});
}

Status import_concat(TfliteImport& in) {
  const bool plain = is_plain_integers(in, in.inputs.size());
  if (!plain) TRY(check_scales(in, in.inputs.size()));
  const i64 rank = static_cast<i64>(in.output().shape.size());
  i64 axis = in.options.scalar<i32>(kConcatAxis, 0);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return in.malformed("its axis is outside the rank");
  if (!TRY(in.activation(kConcatActivation)).none()) return in.unsupported("a fused activation");
  std::vector<TensorId> operands;
  for (TensorId input : in.inputs) {
    if (!input.valid()) return in.malformed("an input is missing");
    operands.push_back(in.is_float() || plain ? input : rescaled(in, input, quantization_of(in.output())));
  }
  if (plain) {
    in.emit(Op::general, operands, general(FunctionId::concat, {axis}));
    return {};
  }
  in.emit(Op::concat, operands, AxisAttributes{axis});
  return {};
}

Status import_pad(TfliteImport& in) {
  const usize rank = in.operand(0).shape.size();
  const auto pads = TRY(in.constant(1, "the paddings"));
  if (pads.size() != 2 * rank) return in.malformed("its paddings do not fit the rank");
  PadAttributes attributes;
  for (usize axis = 0; axis < rank; ++axis) {
    attributes.before.push_back(pads[2 * axis]);
    attributes.after.push_back(pads[2 * axis + 1]);
    if (pads[2 * axis] < 0 || pads[2 * axis + 1] < 0 || pads[2 * axis] > 65535 || pads[2 * axis + 1] > 65535)
      return in.malformed("a padding is not within 0 and 65535");
  }
  if (in.has(2)) {
    if (!in.operand(2).constant || element_count(in.operand(2).shape) != 1)
      return in.unsupported("the padding's value is computed at run time");
    attributes.value = constant_floats(in.graph[as_float(in.graph, in.inputs[2])])[0];
  }
  in.emit(Op::pad, {in.inputs[0]}, attributes);
  return {};
}

Status import_transpose(TfliteImport& in) {
  const auto order = TRY(in.constant(1, "the permutation"));
  TransposeAttributes attributes;
  for (i64 axis : order) {
    if (axis < 0) axis += static_cast<i64>(order.size());
    if (axis < 0 || axis >= static_cast<i64>(order.size())) return in.malformed("its permutation is none");
    attributes.perm.push_back(static_cast<u32>(axis));
  }
  in.emit(Op::transpose, {in.inputs[0]}, attributes);
  return {};
}

/// The part along every axis: first index and step; the output's shape is the file's.
Status emit_slice(TfliteImport& in, const std::vector<i64>& begin, const std::vector<i64>& step,
                  const Shape& shape) {
  const Shape& x = in.operand(0).shape;
  SliceAttributes attributes{begin, {}, step};
  for (usize axis = 0; axis < x.size(); ++axis) {
    if (begin[axis] < 0 || step[axis] < 1 || shape[axis] < 1 || shape[axis] > x[axis] ||
        begin[axis] >= x[axis] || step[axis] > x[axis])
      return in.malformed("slices outside its input");
    attributes.end.push_back(begin[axis] + (shape[axis] - 1) * step[axis] + 1);
    if (attributes.end.back() > x[axis]) return in.malformed("slices outside its input");
  }
  if (element_count(shape) != element_count(in.output().shape))
    return in.malformed("its output has another size");
  Tensor whole{in.name + ".slice", in.output().dtype, shape, in.output().quantization};
  if (is_plain_integers(in, 1)) {
    std::vector<i64> ints = begin;
    ints.resize(16);
    std::copy(step.begin(), step.end(), ints.begin() + 8);
    ints.insert(ints.end(), shape.begin(), shape.end());
    const TensorId made =
        in.emit_to(std::move(whole), Op::general, {in.inputs[0]}, general(FunctionId::slice, ints));
    in.emit(Op::general, {made}, reshape_to(in.output().shape));
    return {};
  }
  if (shape == in.output().shape) {
    in.emit(Op::strided_slice, {in.inputs[0]}, attributes);
    return {};
  }
  const TensorId made = in.emit_to(std::move(whole), Op::strided_slice, {in.inputs[0]}, attributes);
  in.emit(Op::reshape, {made}, ReshapeAttributes{in.output().shape});
  return {};
}

Status import_strided_slice(TfliteImport& in) {
  const Shape& x = in.operand(0).shape;
  const auto begins = TRY(in.constant(1, "the bounds")), ends = TRY(in.constant(2, "the bounds")),
             steps = TRY(in.constant(3, "the steps"));
  const auto mask = [&](u32 number) { return in.options.scalar<i32>(number, 0); };
  const i32 begin_mask = mask(0), end_mask = mask(1), shrink_mask = mask(4);
  if (mask(2) != 0 || mask(3) != 0) return in.unsupported("an ellipsis or a new axis");
  if (begins.size() != x.size() || ends.size() != x.size() || steps.size() != x.size())
    return in.unsupported("bounds for some axes only");
  Shape shape;
  std::vector<i64> begin;
  for (usize axis = 0; axis < x.size(); ++axis) {
    const i64 extent = x[axis];
    const auto bound = [&](i64 at) { return std::clamp<i64>(at < 0 ? at + extent : at, 0, extent); };
    if (steps[axis] < 1 || steps[axis] > extent) return in.unsupported("a step that is not within the axis");
    const i64 from = (begin_mask >> axis & 1) != 0 ? 0 : bound(begins[axis]);
    i64 to = (end_mask >> axis & 1) != 0 ? extent : bound(ends[axis]);
    if ((shrink_mask >> axis & 1) != 0) to = from + 1;
    begin.push_back(from);
    shape.push_back((to - from + steps[axis] - 1) / steps[axis]);
  }
  return emit_slice(in, begin, steps, shape);
}

Status import_slice(TfliteImport& in) {
  const Shape& x = in.operand(0).shape;
  const auto begin = TRY(in.constant(1, "the begin")), size = TRY(in.constant(2, "the size"));
  if (begin.size() != x.size() || size.size() != x.size())
    return in.malformed("its bounds do not fit the rank");
  Shape shape;
  for (usize axis = 0; axis < x.size(); ++axis) {
    if (begin[axis] < 0 || begin[axis] >= x[axis]) return in.malformed("slices outside its input");
    shape.push_back(size[axis] < 0 ? x[axis] - begin[axis] : size[axis]);
  }
  return emit_slice(in, begin, std::vector<i64>(x.size(), 1), shape);
}

constexpr TfliteRule kRules[] = {
    {"CONCATENATION", 1, 32, import_concat},
    {"EXPAND_DIMS", 1, 2, import_reshape},
    {"PAD", 2, 2, import_pad},
    {"PADV2", 3, 3, import_pad},
    {"RESHAPE", 1, 2, import_reshape},
    {"SLICE", 3, 3, import_slice},
    {"SQUEEZE", 1, 1, import_reshape},
    {"STRIDED_SLICE", 4, 4, import_strided_slice},
    {"TRANSPOSE", 2, 2, import_transpose},
};

}  // namespace

std::span<const TfliteRule> movement_tflite_rules() { return kRules; }

}  // namespace pipit::model
