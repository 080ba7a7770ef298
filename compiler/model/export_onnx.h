#pragma once
#include <vector>

#include "compiler/model/graph.h"

namespace pipit::model {

/// Bytes of an ONNX file (opset 13, QDQ convention) that computes what a canonical graph does; any ONNX
/// engine runs it. unsupported, naming the node, for operators that exist after lowering only.
support::Result<std::vector<u8>> export_onnx(const Graph& graph);

}  // namespace pipit::model
