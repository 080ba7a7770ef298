#pragma once
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/model/general.h"
#include "compiler/model/graph.h"
#include "compiler/model/tflite_file.h"

/// How single TensorFlow Lite operators become nodes; used by import_tflite.cpp only.
namespace pipit::model {

/// One operator on its way into the graph. Operands were made and checked: every dimension is at least 1, an
/// integer tensor's scales are positive and its zero points fit its type.
class TfliteImport {
 public:
  TfliteImport(Graph& graph, const tflite_file::Node& node, std::string name, std::vector<TensorId> inputs,
               std::vector<TensorId> outputs)
      : graph(graph),
        options(node.options),
        node(node),
        name(std::move(name)),
        inputs(std::move(inputs)),
        outputs(std::move(outputs)) {}

  Graph& graph;
  const FlatbufferTable& options;
  const tflite_file::Node& node;
  std::string name;
  std::vector<TensorId> inputs;  ///< none where the operator leaves an operand out
  std::vector<TensorId> outputs;
  bool was_unsigned = false;  ///< output 0 is uint8 in the file

  bool has(usize index) const { return index < inputs.size() && inputs[index].valid(); }
  Tensor& operand(usize index) const { return graph[inputs[index]]; }
  Tensor& output() const { return graph[outputs[0]]; }
  bool is_float() const { return operand(0).dtype == DType::f32; }

  /// The integers of a constant operand; an error when it is computed at run time.
  support::Result<std::vector<i64>> constant(usize index, const char* what) const;
  /// The fused activation that stands in field `field` of the options.
  support::Result<Clamp> activation(u32 field) const;
  /// Adds the node that makes output 0.
  void emit(Op op, std::vector<TensorId> operands, Attributes attributes = {}, Clamp clamp = {});
  /// Adds a node that makes a tensor of its own.
  TensorId emit_to(Tensor tensor, Op op, std::vector<TensorId> operands, Attributes attributes = {},
                   Clamp clamp = {});
  support::Error unsupported(const std::string& why) const { return {Code::unsupported, why}; }
  support::Error malformed(const std::string& why) const { return {Code::malformed, why}; }
};

struct TfliteRule {
  const char* name;
  usize fewest, most;  ///< inputs
  support::Status (*import)(TfliteImport&);
  bool keeps_state = false;  ///< may read variable tensors
};
// The tables: import_tflite_NAME.cpp each.
std::span<const TfliteRule> elementwise_tflite_rules();
std::span<const TfliteRule> layer_tflite_rules();
std::span<const TfliteRule> movement_tflite_rules();
/// Those that become general functions.
std::span<const TfliteRule> general_tflite_rules();
/// Layers that remember.
std::span<const TfliteRule> recurrent_tflite_rules();
/// Custom operators of TensorFlow Lite Micro's signal library.
std::span<const TfliteRule> signal_tflite_rules();

constexpr f32 kInfinity = std::numeric_limits<f32>::infinity();

/// Whether a tensor is quantised to `dtype` as a whole.
bool has_one_scale(const Tensor& tensor, DType dtype);
/// Of operands and output: all of one type, float or quantised by one scale; int16 where the operator has a
/// `wide` form.
support::Status check_scales(const TfliteImport& in, usize operands, bool wide = false);
/// Whether operands and output are integers without a scale, all of one type.
bool is_plain_integers(const TfliteImport& in, usize operands);
/// Adds nodes that compute output 0 from real values: integer operands are dequantised, an integer output is
/// quantised. `activation` is the field of a fused activation, if the operator has one.
support::Status emit_real(TfliteImport& in, const GeneralAttributes& function, std::vector<TensorId> operands,
                          std::optional<u32> activation = {});
/// Over the axes of operand 1.
support::Status emit_reduction(TfliteImport& in, Reduce kind);
/// A constant as float, of float16 or quantised weights too.
TensorId as_float(Graph& graph, TensorId id);
/// nullptr for an operator outside the table.
const TfliteRule* tflite_rule(std::string_view name);

}  // namespace pipit::model
