#include <set>

#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

/// Operators that pass 8-bit values on as they are.
bool moves(Op op) {
  return op == Op::max_pool || op == Op::reshape || op == Op::transpose || op == Op::identity ||
         op == Op::concat;
}

bool understands(const Node& node) {
  return node.op == Op::quantize || node.op == Op::dequantize || moves(node.op);
}

/// uint8 tensors that only Quantize, Dequantize and movers touch, so that shifting them by 128 changes no
/// number.
std::set<u32> shiftable(const Graph& graph) {
  std::set<u32> found;
  for (u32 i = 0; i < graph.tensor_count(); ++i)
    if (graph[TensorId{i}].dtype == DType::u8 && !graph.is_input({i}) && !graph.is_output({i}))
      found.insert(i);
  for (bool changed = true; changed;) {
    changed = false;
    for (NodeId id : graph.order()) {
      const Node& node = graph[id];
      const auto drop = [&](TensorId tensor) {
        changed = (tensor.valid() && found.erase(tensor.index) != 0) || changed;
      };
      if (!understands(node)) {
        for (TensorId input : node.inputs) drop(input);
        drop(node.output);
      } else if (moves(node.op)) {
        bool whole = found.contains(node.output.index);
        for (TensorId input : node.inputs) whole = whole && found.contains(input.index);
        if (whole) continue;
        for (TensorId input : node.inputs) drop(input);
        drop(node.output);
      }
    }
  }
  return found;
}

}  // namespace

support::Status signed_integers(Graph& graph) {
  const std::set<u32> shifted = shiftable(graph);
  for (NodeId id : graph.order()) {
    Node& node = graph[id];
    if (node.op != Op::quantize && node.op != Op::dequantize) continue;
    const TensorId integer = node.op == Op::quantize ? node.output : node.inputs[0];
    if (!shifted.contains(integer.index)) continue;
    auto& attributes = node.as<QuantizeAttributes>();
    attributes.integer = DType::i8;
    for (i32& zero : attributes.quantization.zero_points) zero -= 128;
  }
  for (u32 index : shifted) {
    Tensor& tensor = graph[TensorId{index}];
    tensor.dtype = DType::i8;
    for (u8& value : tensor.data) value ^= 0x80;
  }
  return {};
}

}  // namespace pipit::model
