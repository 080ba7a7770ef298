#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/model/graph.h"
#include "compiler/model/passes/passes.h"

/// Accelerators: who can compute which part of a graph. One is a table of this header's structs in
/// extend/accelerators/<name>.cpp, listed in extend/accelerators.cpp, and a driver: a custom operator
/// (nn/include/pipit/operator.h) that runs instead of what it takes over. docs/accelerators.md walks through
/// one.
namespace pipit::model {

/// A property of the hardware that a target may be given: "matrix-engine:depth=2048".
struct TargetAttribute {
  const char* name;
  i64 fallback, lowest, highest;
  const char* summary;
};
using TargetAttributes = std::map<std::string, i64, std::less<>>;

/// When an accelerator's own passes run: on the imported float or QDQ graph, on the graph of the engine's
/// operators, or behind partitioning.
enum class Phase : u8 { canonical, lowered, partitioned };
struct PhasePass {
  Phase phase;
  Pass pass;
};

/// The driver's operator that stands for a matched part.
struct Offload {
  std::vector<TensorId> inputs;
  std::vector<u32> values;  ///< of the operator's attributes, in its order: i32 or f32 bits
};

/// A chain of operators, each feeding the next and nobody else, that the driver computes at once.
struct Pattern {
  const char* name;
  std::vector<Op> chain;
  int priority;  ///< higher ones are tried first, equal ones in the table's order
  /// nullptr, or why the hardware cannot: shapes, types, attributes. `chain` is what matched.
  const char* (*refuses)(const Graph& graph, std::span<const NodeId> chain,
                         const TargetAttributes& attributes);
  /// The driver's call; may add constants to the graph. The output is that of the chain's last node.
  support::Result<Offload> (*offload)(Graph& graph, std::span<const NodeId> chain,
                                      const TargetAttributes& attributes);
};

/// What generated C needs in order to call the driver.
struct CodeGeneration {
  std::vector<const char*> includes;  ///< behind pipit/operator.h
  std::vector<const char*> sources;   ///< in the driver's folder, to be compiled with the model
};

struct Accelerator {
  const char* name;
  const char* summary;
  std::vector<TargetAttribute> attributes;
  std::vector<PhasePass> passes;
  std::vector<Pattern> patterns;
  const char* driver_operator;  ///< name of the custom operator
  const char* driver_folder;    ///< below the project's root
  CodeGeneration code;
};

/// All that this build knows.
std::span<const Accelerator* const> accelerators();

/// An accelerator with values for all its attributes.
struct Target {
  const Accelerator* accelerator = nullptr;
  TargetAttributes attributes;
};
/// "matrix-engine" or "matrix-engine:depth=2048,channels=256". Loads the driver's operator. Errors: not_found
/// with the names there are, invalid_argument (attribute unknown, or outside its range).
support::Result<Target> parse_target(const std::string& text);

/// What partitioning decided about one match.
struct PartitionRow {
  std::string node, pattern;
  u64 macs = 0;
  std::string refused;  ///< empty: offloaded
};

/// Replaces every part of a lowered graph that the target takes by a call of its driver.
support::Result<std::vector<PartitionRow>> partition(Graph& graph, const Target& target);

/// Runs the target's passes of one phase.
support::Status run_phase(Graph& graph, const Target& target, Phase phase, const PassObserver& observer);

extern const Accelerator kMatrixEngine;

}  // namespace pipit::model
