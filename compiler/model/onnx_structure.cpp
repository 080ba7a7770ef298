// What is no tensor computation in an ONNX file: control flow, sequences, optionals, functions. All of it is
// resolved while the graph is built: bodies are copied in, a sequence is a list of tensors that the builder
// knows.
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
      std::string& renamed = scope.names[output];
      renamed = scope.prefix;
      renamed += output;
      output = renamed;
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

/// Operators whose output is as long as their data say:
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
