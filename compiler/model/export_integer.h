#pragma once
#include <vector>

#include "compiler/model/graph.h"

namespace pipit::model {

/// Bytes of an ONNX file (opset 13, QDQ convention) for an integer graph in execution layout, as TFLite's
/// importer makes it: every layer between Dequantize and Quantize, images channels first, which is how ONNX
/// engines recognise integer operators. Image inputs and outputs are channels first too. With
/// `unsigned_activations` activations are uint8, all numbers and zero points 128 larger: the form that ONNX
/// Runtime multiplies fastest on x86. unsupported, naming the node, for operators other than convolutions,
/// fully connected layers, additions, average pools, softmax and reshapes.
support::Result<std::vector<u8>> export_integer_onnx(const Graph& graph, bool unsigned_activations);

/// Channels first from a tensor of channels last (rank 4, `shape`), one byte an element; others as they are.
std::vector<u8> channels_first(const Shape& shape, const std::vector<u8>& data);

}  // namespace pipit::model
