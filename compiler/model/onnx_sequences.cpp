// Sequences and optionals: lists of tensors that the builder knows.
#include <algorithm>

#include "compiler/model/onnx_builder.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

Status StageBuilder::import_construct(const Work& work) {
  if (defer_unless_ready(work)) return {};
  std::vector<Value> items;
  for (const auto& name : work.node->inputs) items.push_back(*TRY(find(name)));
  return define(work.node->outputs[0], Value::list(std::move(items)));
}

Status StageBuilder::import_empty(const Work& work) { return define(work.node->outputs[0], Value::list({})); }

/// An index into a list, from input `input`; none while it is not known.
Result<std::optional<usize>> StageBuilder::list_position(const Work& work, usize input, usize size,
                                                         bool past_end) {
  const auto at = TRY(known_number(work.node->inputs[input], work));
  if (!at) return std::optional<usize>{};
  const i64 length = static_cast<i64>(size), place = *at < 0 ? *at + length : *at;
  if (place < 0 || place >= length + (past_end ? 1 : 0))
    return Error(Code::out_of_range, "position is outside the sequence");
  return std::optional<usize>{static_cast<usize>(place)};
}

namespace {

bool has_input(const onnx_file::Node& node, usize index) {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

}  // namespace

Status StageBuilder::import_insert(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.size() < 2) return Error(Code::malformed, "needs a sequence and a tensor");
  if (defer_unless_ready(work)) return {};
  Value list = *TRY(find(node.inputs[0]));
  if (list.kind != Value::Kind::list) return Error(Code::malformed, "needs a sequence");
  usize place = list.items.size();
  if (has_input(node, 2)) {
    const auto at = TRY(list_position(work, 2, list.items.size(), true));
    if (!at) return {};
    place = *at;
  }
  list.items.insert(list.items.begin() + static_cast<std::ptrdiff_t>(place), *TRY(find(node.inputs[1])));
  return define(node.outputs[0], std::move(list));
}

Status StageBuilder::import_erase(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.empty()) return Error(Code::malformed, "needs a sequence");
  if (defer_unless_ready(work)) return {};
  Value list = *TRY(find(node.inputs[0]));
  if (list.kind != Value::Kind::list || list.items.empty())
    return Error(Code::malformed, "needs a sequence with elements");
  usize place = list.items.size() - 1;
  if (has_input(node, 1)) {
    const auto at = TRY(list_position(work, 1, list.items.size(), false));
    if (!at) return {};
    place = *at;
  }
  list.items.erase(list.items.begin() + static_cast<std::ptrdiff_t>(place));
  return define(node.outputs[0], std::move(list));
}

Status StageBuilder::import_at(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.size() != 2) return Error(Code::malformed, "needs a sequence and a position");
  if (defer_unless_ready(work)) return {};
  const Value list = *TRY(find(node.inputs[0]));
  if (list.kind != Value::Kind::list) return Error(Code::malformed, "needs a sequence");
  const auto at = TRY(list_position(work, 1, list.items.size(), false));
  return at ? define(node.outputs[0], list.items[*at]) : Status{};
}

Status StageBuilder::import_length(const Work& work) {
  if (work.node->inputs.size() != 1) return Error(Code::malformed, "needs a sequence");
  if (defer_unless_ready(work)) return {};
  const Value& list = *TRY(find(work.node->inputs[0]));
  if (list.kind != Value::Kind::list) return Error(Code::malformed, "needs a sequence");
  const i64 length = static_cast<i64>(list.items.size());
  return define(work.node->outputs[0], Value::of(graph_.add_constant(work.node->outputs[0], DType::i64, {},
                                                                     std::vector<i64>{length})));
}

Status StageBuilder::import_split(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.empty()) return Error(Code::malformed, "needs a tensor");
  if (defer_unless_ready(work)) return {};
  NodeImport in(graph_, file_.opset, node, label(node), {TRY(find_tensor(node.inputs[0]))});
  const usize axis = static_cast<usize>(TRY(in.axis_attribute(0)));
  const Shape shape = in.operand(0).shape;
  bool keep = TRY(in.attributes.integer("keepdims", 1)) != 0;
  std::vector<i64> parts;
  if (has_input(node, 1)) {
    keep = true;
    const Tensor& split = graph_[TRY(find_tensor(node.inputs[1]))];
    if (!split.constant) {
      stage_.needed.insert(node.inputs[1]);
      defer(work);
      return {};
    }
    parts = constant_ints(split);
    if (split.shape.empty() && parts.size() == 1 && parts[0] > 0) {
      const i64 size = parts[0];
      parts.clear();
      for (i64 at = 0; at < shape[axis] && parts.size() < 65536; at += size)
        parts.push_back(std::min(size, shape[axis] - at));
    }
  } else {
    parts.assign(static_cast<usize>(std::min<i64>(shape[axis], 65536)), 1);
  }
  std::vector<Value> items;
  std::vector<i64> begin(shape.size(), 0), count = shape;
  for (i64 size : parts) {
    count[axis] = size;
    TensorId piece = TRY(in.slice(in.inputs[0], begin, count));
    if (!keep) {
      Shape squeezed = shape;
      squeezed.erase(squeezed.begin() + static_cast<std::ptrdiff_t>(axis));
      piece = TRY(in.reshape(piece, squeezed));
    }
    items.push_back(Value::of(piece));
    begin[axis] += size;
  }
  return define(node.outputs[0], Value::list(std::move(items)));
}

Status StageBuilder::import_join(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.size() != 1) return Error(Code::malformed, "needs a sequence");
  if (defer_unless_ready(work)) return {};
  const Value list = *TRY(find(node.inputs[0]));
  if (list.kind != Value::Kind::list || list.items.empty())
    return Error(Code::unsupported, "needs a sequence with elements: the shape of none is not known");
  std::vector<TensorId> items;
  for (const Value& item : list.items) {
    if (item.kind != Value::Kind::tensor) return Error(Code::malformed, "needs a sequence of tensors");
    items.push_back(item.tensor);
  }
  NodeImport in(graph_, file_.opset, node, label(node), items);
  const bool added = TRY(in.attributes.integer("new_axis", 0)) != 0;
  const i64 rank = static_cast<i64>(in.rank(0)) + (added ? 1 : 0);
  const i64 axis = TRY(in.axis(TRY(in.attributes.integer("axis", 0)), static_cast<usize>(rank)));
  for (TensorId& item : items) {
    if (!added) break;
    Shape shape = graph_[item].shape;
    if (axis > static_cast<i64>(shape.size())) return Error(Code::malformed, "its elements differ in rank");
    shape.insert(shape.begin() + axis, 1);
    item = TRY(in.reshape(item, shape));
  }
  return define(node.outputs[0], Value::of(TRY(in.emit(Op::concat, items, AxisAttributes{axis}))));
}

Status StageBuilder::import_optional(const Work& work) {
  if (defer_unless_ready(work)) return {};
  return define(work.node->outputs[0], has_input(*work.node, 0) ? *TRY(find(work.node->inputs[0])) : Value{});
}

Status StageBuilder::import_has_element(const Work& work) {
  if (defer_unless_ready(work)) return {};
  const bool present = has_input(*work.node, 0) && TRY(find(work.node->inputs[0]))->kind != Value::Kind::none;
  return define(work.node->outputs[0],
                Value::of(graph_.add_constant(work.node->outputs[0], DType::boolean, {},
                                              std::vector<u8>{static_cast<u8>(present)})));
}

Status StageBuilder::import_get_element(const Work& work) {
  if (defer_unless_ready(work)) return {};
  if (!has_input(*work.node, 0)) return Error(Code::malformed, "needs an optional");
  const Value& value = *TRY(find(work.node->inputs[0]));
  if (value.kind == Value::Kind::none) return Error(Code::invalid_argument, "the optional is empty");
  return define(work.node->outputs[0], value);
}

Status StageBuilder::import_identity(const Work& work) {
  if (defer_unless_ready(work)) return {};
  if (work.node->inputs.size() != 1 || work.node->outputs.size() != 1)
    return Error(Code::malformed, "needs one input");
  const Value& value = *TRY(find(work.node->inputs[0]));
  return define(work.node->outputs[0], value);
}

}  // namespace pipit::model
