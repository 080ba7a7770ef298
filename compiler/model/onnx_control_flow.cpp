// Functions, conditions, loops and scans: their bodies are copied into the graph.
#include "compiler/model/onnx_builder.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

namespace {

onnx_file::Node identity(const std::string& from, const std::string& to) {
  return {"Identity", "", "", {from}, {to}, {}};
}

}  // namespace

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

}  // namespace pipit::model
