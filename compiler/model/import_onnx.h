#pragma once
#include "compiler/model/graph.h"
#include "support/error.h"

namespace pipit::model {

/// Limits of an imported file; beyond them it is refused.
constexpr usize kMaxNodes = 8192;
constexpr usize kMaxTensors = 32768;
constexpr i64 kMaxElements = i64{1} << 28;  ///< of one tensor

/// Builds the graph from the bytes of an ONNX file, which may be hostile. Shapes are inferred and shape
/// computations folded on the way, so that every tensor has a static shape; a symbolic batch dimension
/// becomes 1. Tensors in other files are read from `folder`. Errors name the node: malformed; unsupported for
/// an operator, attribute or element type that no rule takes, and for shapes that depend on values of run
/// time.
support::Result<Graph> import_onnx(Bytes file, const std::string& folder = "");

/// ONNX operator names that import_onnx understands, sorted.
std::vector<std::string> importable_operators();

}  // namespace pipit::model
