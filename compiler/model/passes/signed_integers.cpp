#include "compiler/model/passes/passes.h"

namespace pipit::model {

support::Status signed_integers(Graph& graph) {
  for (TensorId id : graph.outputs)
    if (graph[id].dtype == DType::u8)
      return support::Error(Code::unsupported, "output '" + graph[id].name + "' is uint8; use float or int8");
  for (NodeId id : graph.order()) {
    if (graph[id].op != Op::quantize && graph[id].op != Op::dequantize) continue;
    auto& attributes = graph[id].as<QuantizeAttributes>();
    if (attributes.integer != DType::u8) continue;
    attributes.integer = DType::i8;
    for (i32& zero : attributes.quantization.zero_points) zero -= 128;
  }
  for (u32 i = 0; i < graph.tensor_count(); ++i) {
    Tensor& tensor = graph[TensorId{i}];
    if (tensor.dtype != DType::u8) continue;
    tensor.dtype = DType::i8;
    for (u8& value : tensor.data) value ^= 0x80;
  }
  return {};
}

}  // namespace pipit::model
