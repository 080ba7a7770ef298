#include "compiler/model/import_onnx.h"

#include <map>

#include "compiler/model/import_operators.h"
#include "compiler/model/onnx_file.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

DType dtype_of(onnx_file::ElementType type) {
  switch (type) {
    case onnx_file::ElementType::f32: return DType::f32;
    case onnx_file::ElementType::u8: return DType::u8;
    case onnx_file::ElementType::i8: return DType::i8;
    case onnx_file::ElementType::i16: return DType::i16;
    case onnx_file::ElementType::i32: return DType::i32;
    case onnx_file::ElementType::i64: return DType::i64;
    case onnx_file::ElementType::boolean: return DType::boolean;
    case onnx_file::ElementType::f16: return DType::f16;
    case onnx_file::ElementType::f64: return DType::f64;
  }
  return DType::f32;
}

/// Names of a file's values, resolved to tensors while its nodes are read in order.
class Importer {
 public:
  explicit Importer(onnx_file::Model file) : file_(std::move(file)) {}

  Result<Graph> run() {
    if (file_.nodes.size() > kMaxNodes || file_.initializers.size() > kMaxTensors)
      return Error(Code::out_of_range, "the model has more than " + std::to_string(kMaxNodes) + " nodes or " +
                                           std::to_string(kMaxTensors) + " constants");
    graph_.name = file_.graph_name;
    for (auto& tensor : file_.initializers) TRY(define(add_constant(std::move(tensor))));
    for (const auto& value : file_.inputs) TRY(add_input(value));
    for (const auto& node : file_.nodes) {
      auto added = add_node(node);
      if (!added.ok()) return added.take_error().in(node.op_type + " node '" + node_name(node) + "'");
    }
    for (const auto& value : file_.outputs) TRY(add_output(value));
    TRY(check_complete());
    return std::move(graph_);
  }

 private:
  TensorId add_constant(onnx_file::Tensor from) {
    Tensor tensor{from.name, dtype_of(from.type), from.dims};
    tensor.constant = true;
    tensor.data = std::move(from.data);
    return graph_.add_tensor(std::move(tensor));
  }

  Status define(TensorId id) {
    const std::string& name = graph_[id].name;
    if (name.empty()) return Error(Code::malformed, "a value has no name");
    if (!values_.emplace(name, id).second)
      return Error(Code::malformed, "value '" + name + "' is defined twice");
    return {};
  }

  Status add_input(const onnx_file::ValueInfo& value) {
    if (values_.contains(value.name)) return {};  // before opset 9 initializers were listed as inputs as well
    Shape shape = value.dims;
    // A symbolic batch is 1: a device answers one frame at a time.
    if (!shape.empty() && shape[0] <= 0) shape[0] = 1;
    i64 count = 1;
    for (i64 dim : shape) {
      if (dim < 1)
        return Error(Code::unsupported,
                     "input '" + value.name +
                         "' has a dynamic dimension besides the batch; export it with fixed sizes");
      if (count > kMaxElements / dim)
        return Error(Code::out_of_range, "input '" + value.name + "' is too large");
      count *= dim;
    }
    const DType dtype = dtype_of(value.type);
    if (dtype != DType::f32 && dtype != DType::i8)
      return Error(Code::unsupported,
                   "input '" + value.name + "' is " + dtype_name(dtype) + "; use float or int8");
    const TensorId id = graph_.add_tensor({value.name, dtype, shape});
    graph_.inputs.push_back(id);
    return define(id);
  }

  static std::string node_name(const onnx_file::Node& node) {
    return !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  }

  Status add_node(const onnx_file::Node& node) {
    if (!node.domain.empty() && node.domain != "ai.onnx")
      return Error(Code::unsupported, "operators of domain '" + node.domain + "' are not known");
    const ImportRule* rule = import_rule(node.op_type);
    if (rule == nullptr)
      return Error(Code::unsupported,
                   "no such operator in the importer; add a rule to compiler/model/import_operators.cpp, or "
                   "export the "
                   "model with operators of `pipit model info --operators`");
    if (node.outputs.empty()) return Error(Code::malformed, "has no output");
    std::vector<TensorId> inputs;
    for (const auto& name : node.inputs) {
      if (name.empty()) {
        inputs.push_back({});
        continue;
      }
      const auto found = values_.find(name);
      if (found == values_.end())
        return Error(Code::malformed,
                     "reads '" + name + "', which no earlier node, input or initializer makes");
      inputs.push_back(found->second);
    }
    while (!inputs.empty() && !inputs.back().valid()) inputs.pop_back();
    if (inputs.size() < rule->fewest || inputs.size() > rule->most)
      return Error(Code::malformed, "has " + std::to_string(inputs.size()) + " inputs, needs " +
                                        std::to_string(rule->fewest) + " to " + std::to_string(rule->most));
    for (usize i = 0; i < rule->fewest; ++i)
      if (!inputs[i].valid()) return Error(Code::malformed, "input " + std::to_string(i) + " is missing");
    NodeImport import(graph_, file_.opset, node, node_name(node), std::move(inputs));
    const TensorId output = TRY(rule->import(import));
    TRY(import.attributes.check_all_known());
    return define(output);
  }

  Status add_output(const onnx_file::ValueInfo& value) {
    const auto found = values_.find(value.name);
    if (found == values_.end())
      return Error(Code::malformed, "output '" + value.name + "' is made by no node");
    if (graph_[found->second].constant || graph_.is_input(found->second))
      return Error(Code::unsupported, "output '" + value.name + "' does not depend on an operator");
    if (graph_.is_output(found->second))
      return Error(Code::malformed, "output '" + value.name + "' is listed twice");
    graph_.outputs.push_back(found->second);
    return {};
  }

  Status check_complete() const {
    if (graph_.inputs.empty()) return Error(Code::malformed, "the model has no input");
    if (graph_.outputs.empty()) return Error(Code::malformed, "the model has no output");
    return {};
  }

  onnx_file::Model file_;
  Graph graph_;
  std::map<std::string, TensorId, std::less<>> values_;
};

}  // namespace

Result<Graph> import_onnx(Bytes file) {
  auto model = onnx_file::parse(file);
  if (!model.ok()) return model.take_error();
  return Importer(*std::move(model)).run();
}

}  // namespace pipit::model
