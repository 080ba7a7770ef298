#pragma once
#include <string>
#include <vector>

#include "compiler/model/graph.h"
#include "support/error.h"

namespace pipit::model {

/// Builds a lowered graph (NHWC, integer operators) from the bytes of a TensorFlow Lite file, which may be
/// hostile. What TFLite computes in uint8 becomes int8 with zero points lower by 128; inputs and outputs stay
/// uint8. Errors name the node: malformed; unsupported for an operator, option or element type outside the
/// table in import_tflite_operators.cpp; out_of_range for absurd sizes.
support::Result<Graph> import_tflite(Bytes file);

/// TensorFlow Lite operator names that import_tflite understands, sorted.
std::vector<std::string> importable_tflite_operators();

}  // namespace pipit::model
