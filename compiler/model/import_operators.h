#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/model/general.h"
#include "compiler/model/graph.h"
#include "compiler/model/onnx_file.h"

/// How single ONNX operators become nodes; used by onnx_program.cpp only.
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
  support::Result<std::vector<f32>> reals(std::string_view name);
  support::Result<std::vector<std::string>> texts(std::string_view name);
  bool has(std::string_view name) { return any(name) != nullptr; }
  const onnx_file::AttributeValue* any(std::string_view name);
  support::Status check_all_known() const;

 private:
  template <class T>
  support::Result<T> read(std::string_view name, T fallback);

  const onnx_file::Node& node_;
  std::set<std::string, std::less<>> known_;
};

/// One ONNX node on its way into the graph. A rule yields the first output and binds others by bind().
class NodeImport {
 public:
  NodeImport(Graph& graph, i64 opset, const onnx_file::Node& node, std::string name,
             std::vector<TensorId> inputs)
      : graph(graph),
        opset(opset),
        attributes(node),
        inputs(std::move(inputs)),
        name(std::move(name)),
        node_(node) {}

  Graph& graph;
  i64 opset;
  AttributeReader attributes;
  std::vector<TensorId> inputs;
  std::string name;
  std::vector<TensorId> bound;  ///< outputs 1, 2, …; none where a rule made none
  std::set<usize> needed;       ///< inputs whose values a rule asked for before they are known

  bool has(usize index) const { return index < inputs.size() && inputs[index].valid(); }
  const Tensor& operand(usize index) const { return graph[inputs[index]]; }
  usize rank(usize index) const { return operand(index).shape.size(); }
  DType dtype(usize index) const { return operand(index).dtype; }
  /// Whether it is a constant, or becomes one: a dequantised constant.
  bool is_weight(usize index) const;
  /// Whether it is fp32 and has elements.
  bool is_filled(usize index) const {
    return dtype(index) == DType::f32 && element_count(operand(index).shape) > 0;
  }
  bool wants_output(usize index) const {
    return index < node_.outputs.size() && !node_.outputs[index].empty();
  }
  usize output_count() const { return node_.outputs.size(); }
  void bind(usize output, TensorId id);

  /// The integers of an input that a shape depends on; unavailable, and the input noted, when it is not
  /// known.
  support::Result<std::vector<i64>> constant(usize index, const char* what);
  /// Its numbers.
  support::Result<std::vector<f32>> constant_reals(usize index, const char* what);
  /// An axis within [0, rank), counted from the end when negative.
  support::Result<i64> axis(i64 axis, usize rank) const;
  /// attributes.integer("axis") within the rank of input `index`.
  support::Result<i64> axis_attribute(i64 fallback, usize index = 0);

  /// Adds a node over `operands`, infers its shape, folds it when everything is constant; yields its output.
  support::Result<TensorId> emit(Op op, std::vector<TensorId> operands, Attributes attributes = {},
                                 Clamp clamp = {});
  support::Result<TensorId> emit(FunctionId function, std::vector<TensorId> operands,
                                 const std::vector<i64>& ints = {}, const std::vector<f32>& reals = {});
  support::Result<TensorId> unary(Unary kind, TensorId x, f32 p = 0, f32 q = 0);
  support::Result<TensorId> binary(Binary kind, TensorId a, TensorId b);
  support::Result<TensorId> reduce(Reduce kind, TensorId x, const std::vector<i64>& axes, bool keep = true);
  support::Result<TensorId> reshape(TensorId x, const Shape& shape);
  support::Result<TensorId> transpose(TensorId x, const std::vector<u32>& perm);
  support::Result<TensorId> cast(TensorId x, DType to);
  /// begin, count and step along every axis.
  support::Result<TensorId> slice(TensorId x, const std::vector<i64>& begin, const std::vector<i64>& count,
                                  const std::vector<i64>& step = {});
  /// `count` elements of a flat tensor from `begin` on, in another shape.
  support::Result<TensorId> part(TensorId flat, i64 begin, const Shape& shape);
  /// A constant known now.
  support::Result<TensorId> emit_constant(DType dtype, Shape shape, const std::vector<u8>& data);
  /// `value` in every element.
  TensorId fill(DType dtype, const Shape& shape, f64 value);
  TensorId number(DType dtype, f64 value) { return fill(dtype, {}, value); }

 private:
  support::Result<TensorId> finish(Node node);
  const onnx_file::Node& node_;
};

struct ImportRule {
  const char* name;
  usize fewest, most;
  support::Result<TensorId> (*import)(NodeImport&);
};
/// nullptr for an operator outside the tables.
const ImportRule* import_rule(std::string_view op_type);

/// The tables, by file.
std::span<const ImportRule> layer_rules();        // import_layers.cpp
std::span<const ImportRule> product_rules();      // import_products.cpp
std::span<const ImportRule> elementwise_rules();  // import_elementwise.cpp
std::span<const ImportRule> movement_rules();     // import_movement.cpp
std::span<const ImportRule> reduction_rules();    // import_reductions.cpp
std::span<const ImportRule> composite_rules();    // import_composites.cpp
std::span<const ImportRule> sequence_rules();     // import_sequences.cpp: recurrent layers, signals, text
std::span<const ImportRule> quantized_rules();    // import_quantized.cpp
std::span<const ImportRule> detection_rules();    // import_detection.cpp

}  // namespace pipit::model
