#pragma once
#include <vector>

#include "compiler/model/graph.h"

/// From the graph's terms (scales, windows, real bounds) to the engine's attribute structs; used by
/// emit_pipm.cpp only.
namespace pipit::model {

/// Constants an int8 layer needs besides its weights.
struct IntegerLayer {
  Tensor bias;     ///< i32 [O], the input's zero point folded in
  Tensor rescale;  ///< i32 [O,2]
};

bool has_weights(Op op);
support::Result<IntegerLayer> integer_layer(const Graph& graph, const Node& node);
/// The same for int16 activations: the bias is i64 [O].
support::Result<IntegerLayer> wide_layer(const Graph& graph, const Node& node);

/// The bytes of the struct the node's opcode names in nn/format.h; empty where it has none.
support::Result<std::vector<u8>> encode_attributes(const Graph& graph, const Node& node);

}  // namespace pipit::model
