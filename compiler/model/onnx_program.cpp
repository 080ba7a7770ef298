#include "compiler/model/onnx_program.h"

#include <algorithm>

#include "compiler/model/extend/custom.h"
#include "compiler/model/extend/import_custom.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/onnx_builder.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

namespace {

constexpr std::pair<onnx_file::ElementType, DType> kElementTypes[] = {
    {onnx_file::ElementType::f32, DType::f32},   {onnx_file::ElementType::u8, DType::u8},
    {onnx_file::ElementType::i8, DType::i8},     {onnx_file::ElementType::u16, DType::u16},
    {onnx_file::ElementType::i16, DType::i16},   {onnx_file::ElementType::i32, DType::i32},
    {onnx_file::ElementType::i64, DType::i64},   {onnx_file::ElementType::boolean, DType::boolean},
    {onnx_file::ElementType::f16, DType::f16},   {onnx_file::ElementType::f64, DType::f64},
    {onnx_file::ElementType::u32, DType::u32},   {onnx_file::ElementType::u64, DType::u64},
    {onnx_file::ElementType::bf16, DType::bf16},
};

/// Nodes imported in one stage, those of unrolled loops included.
constexpr usize kMaxImported = usize{1} << 17;

}  // namespace

DType dtype_of(onnx_file::ElementType type) {
  for (const auto& [element, dtype] : kElementTypes)
    if (element == type) return dtype;
  return DType::f32;
}

onnx_file::ElementType element_type_of(DType type) {
  for (const auto& [element, dtype] : kElementTypes)
    if (dtype == type) return element;
  return onnx_file::ElementType::f32;
}

std::string StageBuilder::label(const onnx_file::Node& node) {
  const std::string name = !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  return node.op_type + " node '" + name + "'";
}

TensorId StageBuilder::add_constant(const onnx_file::Tensor& from) {
  Tensor tensor{from.name, dtype_of(from.type), from.dims};
  tensor.constant = true;
  tensor.data = from.data;
  return graph_.add_tensor(std::move(tensor));
}

Status StageBuilder::define(const std::string& name, Value value) {
  if (name.empty()) return {};
  if (!values_.emplace(name, std::move(value)).second)
    return Error(Code::malformed, "value '" + name + "' is defined twice");
  return {};
}

Result<TensorId> StageBuilder::add_input(const std::string& name, DType dtype, Shape shape) {
  i64 count = 1;
  for (i64 dim : shape) {
    if (dim < 0 || (dim != 0 && count > kMaxElements / dim))
      return Error(Code::out_of_range, "input '" + name + "' is too large");
    count *= dim;
  }
  const TensorId id = graph_.add_tensor({name, dtype, std::move(shape)});
  graph_.inputs.push_back(id);
  return id;
}

Result<Value> StageBuilder::bind_host(const HostValue& value, bool known, InputPath path) {
  if (value.kind == Value::Kind::none) return Value{};
  if (value.kind == Value::Kind::list) {
    std::vector<Value> items;
    for (u32 i = 0; i < value.items.size(); ++i) {
      InputPath item = path;
      item.items.push_back(i);
      items.push_back(TRY(bind_host(value.items[i], known, std::move(item))));
    }
    return Value::list(std::move(items));
  }
  if (known) {
    Tensor tensor{path.name, value.dtype, value.shape};
    tensor.constant = true;
    tensor.data = value.data;
    return Value::of(graph_.add_tensor(std::move(tensor)));
  }
  const TensorId id = TRY(add_input(path.name, value.dtype, value.shape));
  stage_.inputs.push_back(std::move(path));
  return Value::of(id);
}

/// The value of a name; constants and computed values enter the graph when they are first read.
Result<const Value*> StageBuilder::find(const std::string& name) {
  if (const auto found = values_.find(name); found != values_.end()) return &found->second;
  if (start_ != nullptr) {
    if (const auto given = start_->values.find(name); given != start_->values.end()) {
      Value value = TRY(bind_host(given->second, start_->known.contains(name), {name, {}}));
      return &values_.emplace(name, std::move(value)).first->second;
    }
  }
  if (const auto constant = initializers_.find(name); constant != initializers_.end())
    return &values_.emplace(name, Value::of(add_constant(*constant->second))).first->second;
  return Error(Code::malformed, "reads '" + name + "', which no earlier node, input or initializer makes");
}

Result<TensorId> StageBuilder::find_tensor(const std::string& name) {
  const Value& value = *TRY(find(name));
  if (value.kind != Value::Kind::tensor) return Error(Code::malformed, "'" + name + "' is no tensor");
  return value.tensor;
}

void StageBuilder::defer(const Work& work) {
  for (const auto& output : work.node->outputs)
    if (!output.empty()) deferred_.insert(output);
  stage_.rest.push_back(work);
}

Status StageBuilder::declare_inputs() {
  for (const auto& value : file_.inputs) {
    if (initializers_.contains(value.name))
      continue;  // before opset 9 initializers were listed as inputs as well
    if (value.kind != onnx_file::ValueInfo::Kind::tensor || !value.ranked)
      return Error(Code::unsupported, "input '" + value.name + "' has no shape before run time");
    Shape shape = value.dims;
    // A symbolic batch is 1: a device answers one frame at a time.
    if (!shape.empty() && shape[0] <= 0) shape[0] = 1;
    for (i64 dim : shape)
      if (dim < 1)
        return Error(Code::unsupported,
                     "input '" + value.name +
                         "' has a dynamic dimension besides the batch; export it with fixed sizes");
    TRY(define(value.name, Value::of(TRY(add_input(value.name, dtype_of(value.type), shape)))));
  }
  return {};
}

Status StageBuilder::declare_outputs() {
  for (const auto& value : file_.outputs) {
    auto found = find_tensor(value.name);
    if (!found.ok()) return Error(Code::malformed, "output '" + value.name + "' is made by no node");
    TensorId id = *found;
    if (graph_.is_output(id) || graph_.is_input(id) || graph_[id].constant) {
      // Each output has a place of its own in the arena.
      const TensorId copy = graph_.add_tensor({value.name});
      const NodeId node = graph_.append({Op::general, value.name, {id}, copy, general(Unary::copy)});
      TRY(infer_general(graph_, node));
      id = copy;
    }
    graph_[id].name = value.name;
    graph_.outputs.push_back(id);
  }
  if (graph_.outputs.empty()) return Error(Code::malformed, "the model has no output");
  return {};
}

Status StageBuilder::finish_operator(const onnx_file::Node& node, NodeImport& import,
                                     Result<TensorId> first) {
  const TensorId output = TRY(std::move(first));
  TRY(import.attributes.check_all_known());
  for (usize i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    const TensorId id = i == 0 ? output : i - 1 < import.bound.size() ? import.bound[i - 1] : TensorId{};
    if (!id.valid())
      return Error(Code::unsupported,
                   "its output " + std::to_string(i) + " ('" + node.outputs[i] + "') is not computed");
    if (!graph_.is_input(id) && !graph_[id].constant && graph_[id].producer.valid())
      graph_[id].name = node.outputs[i];
    TRY(define(node.outputs[i], Value::of(id)));
  }
  return {};
}

Status StageBuilder::import_operator(const onnx_file::Node& node) {
  const pipit_operator* custom = nn::find_custom_operator(custom_name(node.domain, node.op_type));
  if (custom == nullptr && !node.domain.empty() && node.domain != "ai.onnx" && node.domain != "pipit")
    return Error(Code::unsupported, "operators of domain '" + node.domain +
                                        "' are not known; register one of your own with --operators=FOLDER");
  const ImportRule* rule = import_rule(node.op_type);
  if (custom == nullptr && rule == nullptr)
    return Error(Code::unsupported,
                 "no such operator in the importer; register one of your own with --operators=FOLDER, or "
                 "export the model "
                 "with operators of `pipit model info --operators`");
  std::vector<TensorId> inputs;
  for (const auto& name : node.inputs) {
    // An empty optional is an absent input.
    const bool absent = name.empty() || TRY(find(name))->kind == Value::Kind::none;
    inputs.push_back(absent ? TensorId{} : TRY(find_tensor(name)));
  }
  while (!inputs.empty() && !inputs.back().valid()) inputs.pop_back();
  const std::string name = node.name.empty() ? node.outputs[0] : node.name;
  if (custom != nullptr) {
    NodeImport import(graph_, file_.opset, node, name, std::move(inputs));
    return finish_operator(node, import, import_custom(import, *custom));
  }
  if (inputs.size() < rule->fewest || inputs.size() > rule->most)
    return Error(Code::malformed, "has " + std::to_string(inputs.size()) + " inputs, needs " +
                                      std::to_string(rule->fewest) + " to " + std::to_string(rule->most));
  for (usize i = 0; i < rule->fewest; ++i)
    if (!inputs[i].valid()) return Error(Code::malformed, "input " + std::to_string(i) + " is missing");
  NodeImport import(graph_, file_.opset, node, name, std::move(inputs));
  const HalvesImport halves(node, import, halves_);
  TRY(halves.widen(import));
  auto first = rule->import(import);
  if (!first.ok() && !import.needed.empty()) {
    for (usize index : import.needed) stage_.needed.insert(node.inputs[index]);
    defer({&node, {}});
    return {};
  }
  if (first.ok()) first = halves.narrow(import, *first);
  return finish_operator(node, import, std::move(first));
}

Status StageBuilder::import_one(const Work& work) {
  if (++imported_ > kMaxImported)
    return Error(Code::out_of_range, "loops unroll to more than " + std::to_string(kMaxImported) + " nodes");
  const onnx_file::Node& node = *work.node;
  if (node.outputs.empty()) return Error(Code::malformed, "has no output");
  for (const auto& function : file_.functions)
    if (function.name == node.op_type && function.domain == node.domain)
      return import_function(work, function);
  for (const Structure& structure : structures())
    if (node.op_type == structure.name) return (this->*structure.import)(work);
  for (const auto& name : node.inputs)
    if (is_deferred(name)) {
      defer(work);
      return {};
    }
  return import_operator(node);
}

Status StageBuilder::import_all(const std::vector<Work>& work) {
  for (const auto& tensor : file_.initializers)
    if (!initializers_.emplace(tensor.name, &tensor).second)
      return Error(Code::malformed, "value '" + tensor.name + "' is defined twice");
  if (start_ == nullptr) TRY(declare_inputs());
  stack_.assign(work.rbegin(), work.rend());
  while (!stack_.empty()) {
    const Work next = std::move(stack_.back());
    stack_.pop_back();
    auto imported = import_one(next);
    if (!imported.ok()) return imported.take_error().in(label(*next.node));
  }
  return {};
}

/// Tensors of a value as outputs of the graph, so that the caller can have them.
Status StageBuilder::export_tensors(const Value& value) {
  for (const Value& item : value.items) TRY(export_tensors(item));
  if (value.kind != Value::Kind::tensor) return {};
  const TensorId id = value.tensor;
  if (!graph_[id].constant && !graph_.is_input(id) && !graph_.is_output(id)) graph_.outputs.push_back(id);
  return {};
}

Status StageBuilder::export_value(const std::string& name) {
  const auto found = values_.find(name);
  if (found == values_.end() || stage_.exports.contains(name)) return {};
  TRY(export_tensors(found->second));
  stage_.exports.emplace(name, found->second);
  return {};
}

namespace {

/// Names that a graph inside a node reads from outside, and some that it does not.
void collect_names(const onnx_file::Node& node, std::set<std::string>& names) {
  names.insert(node.inputs.begin(), node.inputs.end());
  for (const auto& attribute : node.attributes)
    if (const auto* graphs = std::get_if<std::vector<onnx_file::Graph>>(&attribute.value))
      for (const auto& graph : *graphs) {
        for (const auto& inner : graph.nodes) collect_names(inner, names);
        for (const auto& output : graph.outputs) names.insert(output.name);
      }
}

}  // namespace

Status StageBuilder::export_names(const Work& work) {
  std::set<std::string> names;
  collect_names(*work.node, names);
  if (work.loop) {
    names.insert(work.loop->carried.begin(), work.loop->carried.end());
    names.insert(work.loop->trips);
    names.insert(work.loop->condition);
    for (const auto& scan : work.loop->scans) names.insert(scan.begin(), scan.end());
  }
  for (const auto& name : names) TRY(export_value(name));
  return {};
}

Result<Stage> StageBuilder::run(const std::vector<Work>& work) {
  TRY(import_all(work));
  graph_.name = file_.graph_name;
  for (const auto& left : stage_.rest) TRY(export_names(left));
  for (const auto& output : file_.outputs) {
    if (!stage_.rest.empty() && is_deferred(output.name)) continue;
    auto found = find(output.name);
    if (!found.ok() && stage_.rest.empty())
      return Error(Code::malformed, "output '" + output.name + "' is made by no node");
    TRY(export_value(output.name));
  }
  return std::move(stage_);
}

Result<Graph> StageBuilder::run_static(const std::vector<Work>& work) {
  TRY(import_all(work));
  if (!stage_.rest.empty()) {
    std::string names;
    for (const auto& name : stage_.needed) names += (names.empty() ? "'" : ", '") + name + "'";
    return Error(Code::unsupported,
                 "its output shape depends on the value of " + names +
                     ", which is known at run time only: a planned model has fixed "
                     "shapes; on Linux wasi-nn plans the ONNX file again when values arrive")
        .in(label(*stage_.rest.front().node));
  }
  graph_.name = file_.graph_name;
  TRY(declare_outputs());
  if (graph_.inputs.empty()) return Error(Code::malformed, "the model has no input");
  TRY(eliminate_dead_code(graph_));  // roundings of halves that nothing reads
  return std::move(graph_);
}

std::vector<Work> Program::start() const {
  std::vector<Work> work;
  work.reserve(file_.nodes.size());
  for (const auto& node : file_.nodes) work.push_back({&node, {}});
  return work;
}

Result<Stage> Program::import(const StageStart& start) {
  return StageBuilder(file_, made_, bodies_, &start).run(start.work);
}

Result<Graph> Program::import_static() {
  return StageBuilder(file_, made_, bodies_, nullptr).run_static(start());
}

Result<Graph> import_onnx(Bytes file, const std::string& folder) {
  auto model = TRY(onnx_file::parse(file, folder));
  if (model.nodes.size() > kMaxNodes || model.initializers.size() > kMaxTensors)
    return Error(Code::out_of_range, "the model has more than " + std::to_string(kMaxNodes) + " nodes or " +
                                         std::to_string(kMaxTensors) + " constants");
  return Program(std::move(model)).import_static();
}

}  // namespace pipit::model
