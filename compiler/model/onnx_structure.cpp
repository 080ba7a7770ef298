// What is no tensor computation in an ONNX file: control flow, sequences, optionals, functions. All of it is
// resolved while the graph is built: bodies are copied in, a sequence is a list of tensors that the builder
// knows.
#include <algorithm>
#include <cstring>

#include "compiler/model/onnx_builder.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

std::string Scope::of(const std::string& name) const {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

namespace {

/// Names that a graph inside a node reads, moved along with the node; its own names stay.
void rename_free_names(onnx_file::Graph& graph, Scope scope) {
  for (const auto& value : graph.inputs) scope.names.erase(value.name);
  for (const auto& tensor : graph.initializers) scope.names.erase(tensor.name);
  for (const auto& node : graph.nodes)
    for (const auto& output : node.outputs) scope.names.erase(output);
  for (auto& node : graph.nodes) {
    for (auto& input : node.inputs) input = scope.of(input);
    for (auto& attribute : node.attributes)
      if (auto* inner = std::get_if<std::vector<onnx_file::Graph>>(&attribute.value))
        for (auto& body : *inner) rename_free_names(body, scope);
  }
  for (auto& value : graph.outputs) value.name = scope.of(value.name);
}

void resolve_attributes(onnx_file::Node& node, const Scope& scope) {
  std::vector<onnx_file::Attribute> resolved;
  for (auto& attribute : node.attributes) {
    if (attribute.reference.empty()) {
      if (auto* graphs = std::get_if<std::vector<onnx_file::Graph>>(&attribute.value))
        for (auto& graph : *graphs) rename_free_names(graph, scope);
      resolved.push_back(std::move(attribute));
      continue;
    }
    if (scope.caller == nullptr) continue;
    for (const auto& given : scope.caller->attributes)
      if (given.name == attribute.reference) resolved.push_back({attribute.name, given.value});
  }
  node.attributes = std::move(resolved);
}

onnx_file::Node identity(const std::string& from, const std::string& to) {
  return {"Identity", "", "", {from}, {to}, {}};
}

}  // namespace

void StageBuilder::push(std::vector<Work> work) {
  stack_.insert(stack_.end(), std::make_move_iterator(work.rbegin()), std::make_move_iterator(work.rend()));
}

const onnx_file::Node& StageBuilder::make(onnx_file::Node node) {
  made_.push_back(std::move(node));
  return made_.back();
}

std::string StageBuilder::fresh(const std::string& what) { return what + "#" + std::to_string(++bodies_); }

const onnx_file::Node& StageBuilder::make_constant(const std::string& name, DType dtype, i64 value) {
  onnx_file::Tensor tensor{name, element_type_of(dtype), {}, std::vector<u8>(dtype_bytes(dtype))};
  std::memcpy(tensor.data.data(), &value, tensor.data.size());
  return make({"Constant", "", name, {}, {name}, {{"value", std::move(tensor)}}});
}

std::vector<Work> StageBuilder::inline_nodes(const std::vector<onnx_file::Node>& nodes,
                                             const std::vector<onnx_file::Tensor>& initializers,
                                             Scope& scope) {
  std::vector<Work> work;
  for (const auto& tensor : initializers) {
    const std::string name = scope.prefix + tensor.name;
    scope.names[tensor.name] = name;
    work.push_back({&make({"Constant", "", name, {}, {name}, {{"value", tensor}}}), {}});
  }
  for (const auto& original : nodes) {
    onnx_file::Node node = original;
    node.name = scope.prefix + (node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name);
    for (auto& input : node.inputs) input = scope.of(input);
    resolve_attributes(node, scope);
    for (auto& output : node.outputs) {
      if (output.empty()) continue;
      scope.names[output] = scope.prefix + output;
      output = scope.prefix + output;
    }
    work.push_back({&make(std::move(node)), {}});
  }
  return work;
}

Result<const onnx_file::Graph*> StageBuilder::body_of(const onnx_file::Node& node, const char* name) {
  for (const auto& attribute : node.attributes)
    if (attribute.name == name)
      if (const auto* graphs = std::get_if<std::vector<onnx_file::Graph>>(&attribute.value))
        return &graphs->front();
  return Error(Code::malformed, std::string("attribute '") + name + "' is no graph");
}

bool StageBuilder::defer_unless_ready(const Work& work) {
  for (const auto& name : work.node->inputs)
    if (is_deferred(name)) {
      defer(work);
      return true;
    }
  return false;
}

Result<std::optional<i64>> StageBuilder::known_number(const std::string& name, const Work& work) {
  if (is_deferred(name)) {
    defer(work);
    return std::optional<i64>{};
  }
  const Tensor& tensor = graph_[TRY(find_tensor(name))];
  if (!tensor.constant) {
    stage_.needed.insert(name);
    defer(work);
    return std::optional<i64>{};
  }
  const auto values = constant_ints(tensor);
  if (values.size() != 1) return Error(Code::malformed, "'" + name + "' is not one whole number");
  return std::optional<i64>{values[0]};
}

// ---- control flow

Status StageBuilder::import_function(const Work& work, const onnx_file::Function& function) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.size() > function.inputs.size() || node.outputs.size() > function.outputs.size())
    return Error(Code::malformed, "has more inputs or outputs than its function");
  Scope scope{fresh(label(node)) + "/", {}, &node};
  for (usize i = 0; i < function.inputs.size(); ++i)
    scope.names[function.inputs[i]] = i < node.inputs.size() ? node.inputs[i] : "";
  auto inner = inline_nodes(function.nodes, {}, scope);
  for (usize i = 0; i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty())
      inner.push_back({&make(identity(scope.of(function.outputs[i]), node.outputs[i])), {}});
  push(std::move(inner));
  return {};
}

Status StageBuilder::import_if(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.size() != 1) return Error(Code::malformed, "needs one condition");
  const auto condition = TRY(known_number(node.inputs[0], work));
  if (!condition) return {};
  const onnx_file::Graph& body = *TRY(body_of(node, *condition != 0 ? "then_branch" : "else_branch"));
  if (body.outputs.size() != node.outputs.size())
    return Error(Code::malformed, "its branch has another number of outputs");
  Scope scope{fresh(label(node)) + "/", {}, nullptr};
  auto inner = inline_nodes(body.nodes, body.initializers, scope);
  for (usize i = 0; i < node.outputs.size(); ++i)
    inner.push_back({&make(identity(scope.of(body.outputs[i].name), node.outputs[i])), {}});
  push(std::move(inner));
  return {};
}

Status StageBuilder::finish_loop(const Work& work, const LoopState& state) {
  const onnx_file::Node& node = *work.node;
  std::vector<Work> rest;
  for (usize i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (i < state.carried.size()) {
      rest.push_back({&make(identity(state.carried[i], node.outputs[i])), {}});
      continue;
    }
    const std::string list = fresh(node.outputs[i]);
    rest.push_back(
        {&make({"SequenceConstruct", "", "", state.scans[i - state.carried.size()], {list}, {}}), {}});
    rest.push_back({&make({"ConcatFromSequence",
                           "",
                           node.name,
                           {list},
                           {node.outputs[i]},
                           {{"axis", i64{0}}, {"new_axis", i64{1}}}}),
                    {}});
  }
  push(std::move(rest));
  return {};
}

Status StageBuilder::import_loop(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.size() < 2) return Error(Code::malformed, "needs a trip count and a condition");
  LoopState state;
  if (work.loop) {
    state = *work.loop;
  } else {
    state.body = TRY(body_of(node, "body"));
    state.trips = node.inputs[0];
    state.condition = node.inputs[1];
    state.carried.assign(node.inputs.begin() + 2, node.inputs.end());
    const usize carried = state.carried.size();
    if (state.body->inputs.size() != carried + 2 || state.body->outputs.size() < carried + 1 ||
        node.outputs.size() > state.body->outputs.size() - 1)
      return Error(Code::malformed, "its body has another number of inputs or outputs");
    state.scans.resize(state.body->outputs.size() - 1 - carried);
  }
  const Work here{&node, state};
  if (!state.trips.empty()) {
    const auto trips = TRY(known_number(state.trips, here));
    if (!trips) return {};
    if (state.iteration >= *trips) return finish_loop(work, state);
  }
  if (!state.condition.empty()) {
    const auto go_on = TRY(known_number(state.condition, here));
    if (!go_on) return {};
    if (*go_on == 0) return finish_loop(work, state);
  }
  const onnx_file::Graph& body = *state.body;
  Scope scope{fresh(label(node)) + "/", {}, nullptr};
  const std::string counter = scope.prefix + "iteration", truth = scope.prefix + "condition";
  std::vector<Work> inner{{&make_constant(counter, DType::i64, state.iteration), {}}};
  if (state.condition.empty()) inner.push_back({&make_constant(truth, DType::boolean, 1), {}});
  scope.names[body.inputs[0].name] = counter;
  scope.names[body.inputs[1].name] = state.condition.empty() ? truth : state.condition;
  for (usize i = 0; i < state.carried.size(); ++i) scope.names[body.inputs[2 + i].name] = state.carried[i];
  auto nodes = inline_nodes(body.nodes, body.initializers, scope);
  inner.insert(inner.end(), nodes.begin(), nodes.end());
  ++state.iteration;
  state.condition = scope.of(body.outputs[0].name);
  for (usize i = 0; i < state.carried.size(); ++i) state.carried[i] = scope.of(body.outputs[1 + i].name);
  for (usize i = 0; i < state.scans.size(); ++i)
    state.scans[i].push_back(scope.of(body.outputs[1 + state.carried.size() + i].name));
  inner.push_back({&node, state});
  push(std::move(inner));
  return {};
}

namespace {

/// Marks a row of a batched scan.
constexpr const char* kUnbatched = "pipit.unbatched";

/// Attributes of a Scan.
struct ScanShape {
  usize scans = 0;
  std::vector<i64> input_axes, output_axes, input_directions, output_directions;
  static i64 of(const std::vector<i64>& values, usize index) {
    return index < values.size() ? values[index] : 0;
  }
};

Result<ScanShape> read_scan(const onnx_file::Node& node) {
  AttributeReader attributes(node);
  ScanShape scan;
  const i64 count = TRY(attributes.integer("num_scan_inputs", 0));
  if (count < 1 || static_cast<usize>(count) > node.inputs.size())
    return Error(Code::malformed, "has no scan input");
  scan.scans = static_cast<usize>(count);
  scan.input_axes = TRY(attributes.integers("scan_input_axes"));
  scan.output_axes = TRY(attributes.integers("scan_output_axes"));
  scan.input_directions = TRY(attributes.integers("scan_input_directions"));
  scan.output_directions = TRY(attributes.integers("scan_output_directions"));
  return scan;
}

}  // namespace

/// Opset 8 scans batches: every operand has the batch before its other axes, and each row is a scan of its
/// own.
Status StageBuilder::import_batched_scan(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (node.inputs.empty() || !node.inputs[0].empty())
    return Error(Code::unsupported, "sequences of different lengths");
  const ScanShape scan = TRY(read_scan(node));
  const Shape& shape = graph_[TRY(find_tensor(node.inputs.back()))].shape;
  if (shape.size() < 2) return Error(Code::malformed, "its scan input has no batch of sequences");
  std::vector<std::vector<std::string>> rows(node.outputs.size());
  std::vector<Work> inner;
  for (i64 row = 0; row < shape[0]; ++row) {
    const std::string prefix = fresh(label(node)) + "/";
    inner.push_back({&make_constant(prefix + "row", DType::i64, row), {}});
    onnx_file::Node one{"Scan", "", prefix + "scan", {}, {}, {{kUnbatched, i64{1}}}};
    for (const auto& attribute : node.attributes)
      one.attributes.push_back(
          {attribute.name == "directions" ? "scan_input_directions" : attribute.name, attribute.value});
    for (usize i = 1; i < node.inputs.size(); ++i) {
      one.inputs.push_back(prefix + "input" + std::to_string(i));
      inner.push_back({&make({"Gather",
                              "",
                              one.inputs.back(),
                              {node.inputs[i], prefix + "row"},
                              {one.inputs.back()},
                              {{"axis", i64{0}}}}),
                       {}});
    }
    for (usize i = 0; i < node.outputs.size(); ++i) {
      rows[i].push_back(node.outputs[i].empty() ? "" : prefix + "output" + std::to_string(i));
      one.outputs.push_back(rows[i].back());
    }
    inner.push_back({&make(std::move(one)), {}});
    if (inner.size() > (usize{1} << 17)) return Error(Code::out_of_range, "unrolls to too many nodes");
  }
  for (usize i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    const std::string list = fresh(node.outputs[i]);
    inner.push_back({&make({"SequenceConstruct", "", "", rows[i], {list}, {}}), {}});
    inner.push_back({&make({"ConcatFromSequence",
                            "",
                            node.name,
                            {list},
                            {node.outputs[i]},
                            {{"axis", i64{0}}, {"new_axis", i64{1}}}}),
                     {}});
  }
  push(std::move(inner));
  return {};
}

Status StageBuilder::import_scan(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (defer_unless_ready(work)) return {};
  if (file_.opset < 9 && TRY(AttributeReader(node).integer(kUnbatched, 0)) == 0)
    return import_batched_scan(work);
  const ScanShape scan = TRY(read_scan(node));
  const onnx_file::Graph& body = *TRY(body_of(node, "body"));
  const usize states = node.inputs.size() - scan.scans;
  if (body.inputs.size() != node.inputs.size() || body.outputs.size() != node.outputs.size() ||
      body.outputs.size() < states)
    return Error(Code::malformed, "its body has another number of inputs or outputs");
  std::vector<std::string> carried(node.inputs.begin(),
                                   node.inputs.begin() + static_cast<std::ptrdiff_t>(states));
  std::vector<std::vector<std::string>> slices(node.outputs.size() - states);
  const Shape& shape = graph_[TRY(find_tensor(node.inputs[states]))].shape;
  i64 axis = ScanShape::of(scan.input_axes, 0);
  if (axis < 0) axis += static_cast<i64>(shape.size());
  if (axis < 0 || axis >= static_cast<i64>(shape.size()))
    return Error(Code::malformed, "scan axis is outside the rank");
  const i64 length = shape[static_cast<usize>(axis)];
  std::vector<Work> inner;
  for (i64 step = 0; step < length; ++step) {
    Scope scope{fresh(label(node)) + "/", {}, nullptr};
    for (usize i = 0; i < states; ++i) scope.names[body.inputs[i].name] = carried[i];
    for (usize i = 0; i < scan.scans; ++i) {
      const std::string slice = scope.prefix + body.inputs[states + i].name, index = slice + ".index";
      const bool backwards = ScanShape::of(scan.input_directions, i) != 0;
      inner.push_back({&make_constant(index, DType::i64, backwards ? length - 1 - step : step), {}});
      inner.push_back({&make({"Gather",
                              "",
                              slice,
                              {node.inputs[states + i], index},
                              {slice},
                              {{"axis", ScanShape::of(scan.input_axes, i)}}}),
                       {}});
      scope.names[body.inputs[states + i].name] = slice;
    }
    auto nodes = inline_nodes(body.nodes, body.initializers, scope);
    inner.insert(inner.end(), nodes.begin(), nodes.end());
    if (inner.size() > (usize{1} << 17)) return Error(Code::out_of_range, "unrolls to too many nodes");
    for (usize i = 0; i < states; ++i) carried[i] = scope.of(body.outputs[i].name);
    for (usize i = 0; i < slices.size(); ++i) {
      const std::string made = scope.of(body.outputs[states + i].name);
      const bool backwards = ScanShape::of(scan.output_directions, i) != 0;
      slices[i].insert(backwards ? slices[i].begin() : slices[i].end(), made);
    }
  }
  for (usize i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (i < states) {
      inner.push_back({&make(identity(carried[i], node.outputs[i])), {}});
      continue;
    }
    const std::string list = fresh(node.outputs[i]);
    inner.push_back({&make({"SequenceConstruct", "", "", slices[i - states], {list}, {}}), {}});
    inner.push_back({&make({"ConcatFromSequence",
                            "",
                            node.name,
                            {list},
                            {node.outputs[i]},
                            {{"axis", ScanShape::of(scan.output_axes, i - states)}, {"new_axis", i64{1}}}}),
                     {}});
  }
  push(std::move(inner));
  return {};
}

Status StageBuilder::import_sequence_map(const Work& work) {
  const onnx_file::Node& node = *work.node;
  if (defer_unless_ready(work)) return {};
  const onnx_file::Graph& body = *TRY(body_of(node, "body"));
  if (node.inputs.empty() || body.inputs.size() != node.inputs.size() ||
      body.outputs.size() != node.outputs.size())
    return Error(Code::malformed, "its body has another number of inputs or outputs");
  const Value first = *TRY(find(node.inputs[0]));
  if (first.kind != Value::Kind::list) return Error(Code::malformed, "needs a sequence");
  std::vector<std::vector<std::string>> lists(node.outputs.size());
  std::vector<Work> inner;
  for (usize item = 0; item < first.items.size(); ++item) {
    Scope scope{fresh(label(node)) + "/", {}, nullptr};
    for (usize i = 0; i < node.inputs.size(); ++i) {
      const Value value = *TRY(find(node.inputs[i]));
      if (value.kind != Value::Kind::list) {
        scope.names[body.inputs[i].name] = node.inputs[i];
        continue;
      }
      if (item >= value.items.size()) return Error(Code::malformed, "its sequences differ in length");
      const std::string name = scope.prefix + body.inputs[i].name;
      scope.names[body.inputs[i].name] = name;
      TRY(define(name, value.items[item]));
    }
    auto nodes = inline_nodes(body.nodes, body.initializers, scope);
    inner.insert(inner.end(), nodes.begin(), nodes.end());
    for (usize i = 0; i < lists.size(); ++i) lists[i].push_back(scope.of(body.outputs[i].name));
  }
  for (usize i = 0; i < lists.size(); ++i)
    inner.push_back({&make({"SequenceConstruct", "", node.name, lists[i], {node.outputs[i]}, {}}), {}});
  push(std::move(inner));
  return {};
}

// ---- sequences and optionals

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

// ---- operators whose output is as long as their data say

/// X → X.found (as long as it can be, and how much of it counts) → X.count → the part that counts.
Status StageBuilder::import_counted(const Work& work) {
  const onnx_file::Node& node = *work.node;
  const std::string stem = fresh(label(node)), found = stem + ".found", count = stem + ".count";
  onnx_file::Node find = node, take = node;
  find.op_type = "pipit." + node.op_type;
  find.domain = take.domain = "pipit";
  find.outputs = {found};
  if (node.op_type == "Compress") find.inputs = {node.inputs.size() > 1 ? node.inputs[1] : ""};
  take.op_type = find.op_type + ".part";
  take.inputs = {found, count};
  if (node.op_type == "Compress" || node.op_type == "Unique")
    take.inputs.push_back(node.inputs.empty() ? "" : node.inputs[0]);
  push({{&make(std::move(find)), {}},
        {&make({"pipit.Count", "pipit", count, {found}, {count}, {}}), {}},
        {&make(std::move(take)), {}}});
  return {};
}

std::span<const StageBuilder::Structure> StageBuilder::structures() {
  static constexpr Structure kStructures[] = {
      {"If", &StageBuilder::import_if},
      {"Loop", &StageBuilder::import_loop},
      {"Scan", &StageBuilder::import_scan},
      {"SequenceMap", &StageBuilder::import_sequence_map},
      {"SequenceConstruct", &StageBuilder::import_construct},
      {"SequenceEmpty", &StageBuilder::import_empty},
      {"SequenceInsert", &StageBuilder::import_insert},
      {"SequenceErase", &StageBuilder::import_erase},
      {"SequenceAt", &StageBuilder::import_at},
      {"SequenceLength", &StageBuilder::import_length},
      {"SplitToSequence", &StageBuilder::import_split},
      {"ConcatFromSequence", &StageBuilder::import_join},
      {"Optional", &StageBuilder::import_optional},
      {"OptionalHasElement", &StageBuilder::import_has_element},
      {"OptionalGetElement", &StageBuilder::import_get_element},
      {"Identity", &StageBuilder::import_identity},
      {"NonZero", &StageBuilder::import_counted},
      {"NonMaxSuppression", &StageBuilder::import_counted},
      {"Compress", &StageBuilder::import_counted},
      {"Unique", &StageBuilder::import_counted},
  };
  return kStructures;
}

}  // namespace pipit::model
