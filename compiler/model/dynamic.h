#pragma once
#include "compiler/model/graph.h"

/// Dynamic quantisation of a lowered float graph: weights int8 per output channel, activations quantised
/// while the model runs.
namespace pipit::model {

/// Turns the float convolution or fully connected node into the three steps of nn/format.h's dynamic layers.
/// `weights`: int8 constant in the engine's layout, symmetric, one scale or one per output channel.
void make_dynamic(Graph& graph, NodeId layer, TensorId weights, bool symmetric);

/// Every float convolution and fully connected layer with constant weights; others stay. Yields how many.
u32 quantize_dynamic(Graph& graph);

}  // namespace pipit::model
