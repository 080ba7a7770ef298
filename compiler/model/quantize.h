#pragma once
#include <map>

#include "compiler/model/calibrate.h"
#include "compiler/model/graph.h"

/// Static post-training quantisation to signed int8.
namespace pipit::model {

/// Asymmetric parameters of an activation: the range widened to hold zero exactly, 255 steps.
Quantization activation_quantization(Range range);

/// Symmetric parameters per output channel (axis 0) of weights: largest magnitude = 127. A channel's scale is
/// widened where its bias would not fit the integer accumulator otherwise. A channel of zeros gets a scale of
/// its own.
Quantization weight_quantization(const Tensor& weights, const std::vector<f32>& bias, f32 input_scale);

/// Puts Quantize/Dequantize pairs around every operator that has an int8 form, in ONNX's QDQ convention, and
/// turns weights into int8 and biases into int32 constants. The graph must be canonical; `ranges` from
/// calibrate(). A tensor that was never observed is an error that names it.
support::Status quantize_graph(Graph& graph, const std::map<u32, Range>& ranges);

}  // namespace pipit::model
