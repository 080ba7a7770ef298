#pragma once
#include "compiler/model/import_halves.h"
#include "compiler/model/import_operators.h"
#include "compiler/model/onnx_program.h"

/// The inside of Program: builds one stage's graph, node by node.
namespace pipit::model {

/// Names of a body or function on their way into the flat name space of the file.
struct Scope {
  std::string prefix;
  std::map<std::string, std::string> names;
  const onnx_file::Node* caller = nullptr;  ///< whose attributes a function's nodes refer to
  std::string of(const std::string& name) const;
};

class StageBuilder {
 public:
  /// `start` is null for a static import, where inputs have the shapes that the file says.
  StageBuilder(const onnx_file::Model& file, std::deque<onnx_file::Node>& made, u32& bodies,
               const StageStart* start)
      : file_(file), made_(made), bodies_(bodies), start_(start) {}

  support::Result<Stage> run(const std::vector<Work>& work);
  support::Result<Graph> run_static(const std::vector<Work>& work);

 private:
  using Status = support::Status;
  struct Structure {
    const char* name;
    Status (StageBuilder::*import)(const Work&);
  };

  // onnx_program.cpp
  Status import_all(const std::vector<Work>& work);
  Status import_one(const Work& work);
  Status import_operator(const onnx_file::Node& node);
  Status finish_operator(const onnx_file::Node& node, NodeImport& import, support::Result<TensorId> first);
  void defer(const Work& work);
  bool is_deferred(const std::string& name) const { return deferred_.contains(name); }
  support::Status define(const std::string& name, Value value);
  support::Result<const Value*> find(const std::string& name);
  support::Result<TensorId> find_tensor(const std::string& name);
  support::Result<TensorId> add_input(const std::string& name, DType dtype, Shape shape);
  support::Result<Value> bind_host(const HostValue& value, bool known, InputPath path);
  support::Status declare_inputs();
  support::Status declare_outputs();
  support::Status export_value(const std::string& name);
  support::Status export_tensors(const Value& value);
  support::Status export_names(const Work& work);
  TensorId add_constant(const onnx_file::Tensor& from);
  static std::string label(const onnx_file::Node& node);

  // onnx_structure.cpp
  static std::span<const Structure> structures();
  void push(std::vector<Work> work);
  const onnx_file::Node& make(onnx_file::Node node);
  const onnx_file::Node& make_constant(const std::string& name, DType dtype, i64 value);
  std::string fresh(const std::string& what);
  std::vector<Work> inline_nodes(const std::vector<onnx_file::Node>& nodes,
                                 const std::vector<onnx_file::Tensor>& initializers, Scope& scope);
  /// The value of a scalar that decides about the graph; none, and the work deferred, while it is not known.
  support::Result<std::optional<i64>> known_number(const std::string& name, const Work& work);
  bool defer_unless_ready(const Work& work);
  support::Result<const onnx_file::Graph*> body_of(const onnx_file::Node& node, const char* attribute);
  Status import_if(const Work& work);
  Status import_loop(const Work& work);
  Status finish_loop(const Work& work, const LoopState& state);
  Status import_scan(const Work& work);
  Status import_batched_scan(const Work& work);
  Status import_sequence_map(const Work& work);
  Status import_construct(const Work& work);
  Status import_empty(const Work& work);
  Status import_insert(const Work& work);
  Status import_erase(const Work& work);
  Status import_at(const Work& work);
  Status import_length(const Work& work);
  Status import_split(const Work& work);
  Status import_join(const Work& work);
  Status import_optional(const Work& work);
  Status import_has_element(const Work& work);
  Status import_get_element(const Work& work);
  Status import_identity(const Work& work);
  Status import_counted(const Work& work);
  Status import_function(const Work& work, const onnx_file::Function& function);
  support::Result<std::optional<usize>> list_position(const Work& work, usize input, usize size,
                                                      bool past_end);

  const onnx_file::Model& file_;
  std::deque<onnx_file::Node>& made_;
  u32& bodies_;
  const StageStart* start_;
  Stage stage_;
  Graph& graph_ = stage_.graph;
  std::map<std::string, Value> values_;
  std::set<std::string> deferred_;
  std::map<std::string, const onnx_file::Tensor*> initializers_;
  HalvesImport::Results halves_;
  std::vector<Work> stack_;  ///< the next node is the last
  usize imported_ = 0;
};

}  // namespace pipit::model
