#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/model/graph.h"
#include "compiler/model/onnx_file.h"

/// An ONNX file on its way into graphs, stage by stage. A node whose output shape depends on values that are
/// not known yet waits, with all that read it, for the next stage; the caller computes what the stage exports
/// in between.
namespace pipit::model {

/// What a name of the file stands for: a tensor of the graph, a list of values, or nothing (an empty
/// optional).
struct Value {
  enum class Kind : u8 { tensor, list, none };
  Kind kind = Kind::none;
  TensorId tensor;
  std::vector<Value> items;

  static Value of(TensorId id) { return {Kind::tensor, id, {}}; }
  static Value list(std::vector<Value> items) { return {Kind::list, {}, std::move(items)}; }
};

/// The same outside a graph: element type, shape and bytes of a tensor.
struct HostValue {
  Value::Kind kind = Value::Kind::tensor;
  DType dtype = DType::f32;
  Shape shape;
  std::vector<u8> data;
  std::vector<HostValue> items;
};

DType dtype_of(onnx_file::ElementType type);
/// f32 for a dtype that ONNX has no number for.
onnx_file::ElementType element_type_of(DType type);

/// How far a Loop has come.
struct LoopState {
  const onnx_file::Graph* body = nullptr;
  i64 iteration = 0;
  std::string trips;                            ///< "" = no limit
  std::string condition;                        ///< "" = true
  std::vector<std::string> carried;             ///< names of the carried values
  std::vector<std::vector<std::string>> scans;  ///< by scan output, its slices so far
};

/// A node to import. `node` lives in the file or in Program::made.
struct Work {
  const onnx_file::Node* node = nullptr;
  std::optional<LoopState> loop;
};

/// What stands at the beginning of a stage.
struct StageStart {
  std::vector<Work> work;
  std::map<std::string, HostValue> values;  ///< computed by stages before, or given by the caller
  std::set<std::string> known;              ///< those whose values shapes depend on
};

/// Where a graph's input comes from: a named value, or an item of a list.
struct InputPath {
  std::string name;
  std::vector<u32> items;
};

/// A stage: a graph to run, and what is left.
struct Stage {
  Graph graph;
  std::vector<Work> rest;
  std::map<std::string, Value> exports;  ///< read by the rest or by the caller
  std::vector<InputPath> inputs;         ///< of the graph, in its order
  std::set<std::string> needed;          ///< values that the first of the rest wait for
};

class Program {
 public:
  explicit Program(onnx_file::Model file) : file_(std::move(file)) {}

  const onnx_file::Model& file() const { return file_; }
  /// All nodes of the file.
  std::vector<Work> start() const;
  /// Builds the graph of what can be built. Errors name the node.
  support::Result<Stage> import(const StageStart& start);
  /// The whole file as one graph with the inputs that the file declares, a symbolic batch being 1;
  /// unsupported where a shape depends on values that are known at run time only.
  support::Result<Graph> import_static();

 private:
  onnx_file::Model file_;
  std::deque<onnx_file::Node> made_;  ///< nodes of bodies and functions, renamed
  u32 bodies_ = 0;
};

}  // namespace pipit::model
