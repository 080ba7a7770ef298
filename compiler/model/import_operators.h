#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/model/graph.h"
#include "compiler/model/onnx_file.h"

/// How single ONNX operators become nodes; used by import_onnx.cpp only.
namespace pipit::model {

/// Typed look-up of a node's attributes. What no rule asked for is refused at the end, because an ignored
/// attribute would be a silently different model.
class AttributeReader {
 public:
  explicit AttributeReader(const onnx_file::Node& node) : node_(node) {}
  support::Result<i64> integer(std::string_view name, i64 fallback);
  support::Result<f32> real(std::string_view name, f32 fallback);
  support::Result<std::string> text(std::string_view name, std::string fallback);
  /// Empty when absent.
  support::Result<std::vector<i64>> integers(std::string_view name);
  const onnx_file::AttributeValue* any(std::string_view name);
  support::Status check_all_known() const;

 private:
  template <class T>
  support::Result<T> read(std::string_view name, T fallback);

  const onnx_file::Node& node_;
  std::set<std::string, std::less<>> known_;
};

/// One ONNX node on its way into the graph.
class NodeImport {
 public:
  NodeImport(Graph& graph, i64 opset, const onnx_file::Node& node, std::string name,
             std::vector<TensorId> inputs)
      : graph(graph),
        opset(opset),
        attributes(node),
        inputs(std::move(inputs)),
        name(std::move(name)),
        output_name_(node.outputs[0]) {}

  Graph& graph;
  i64 opset;
  AttributeReader attributes;
  std::vector<TensorId> inputs;
  std::string name;

  bool has(usize index) const { return index < inputs.size() && inputs[index].valid(); }
  const Tensor& operand(usize index) const { return graph[inputs[index]]; }
  /// The integers of a constant input; an error when it is computed at run time.
  support::Result<std::vector<i64>> constant(usize index, const char* what) const;
  /// The one number of a constant input, or the fallback where it is absent.
  support::Result<f32> scalar(usize index, f32 fallback, const char* what) const;
  /// An axis within [0, rank), counted from the end when negative.
  support::Result<i64> axis(i64 axis, usize rank) const;

  /// Adds a node over `operands`, infers its shape, folds it when everything is constant; yields its output.
  support::Result<TensorId> emit(Op op, std::vector<TensorId> operands, Attributes attributes = {},
                                 Clamp clamp = {});
  /// The output as a constant known now.
  support::Result<TensorId> emit_constant(DType dtype, Shape shape, std::vector<u8> data);

 private:
  std::string output_name_;
};

struct ImportRule {
  const char* name;
  usize fewest, most;
  support::Result<TensorId> (*import)(NodeImport&);
};
/// nullptr for an operator outside the table.
const ImportRule* import_rule(std::string_view op_type);

}  // namespace pipit::model
