#pragma once
#include <map>
#include <set>
#include <string>

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
/// turns weights into int8 and biases into int32 constants. The graph must be canonical; `calibration`
/// from calibrate(). A tensor that was never observed is an error that names it.
/// What stays as it is, and what is corrected.
struct QuantizeOptions {
  std::set<std::string> keep_float;  ///< nodes that stay in float, by name
  std::set<std::string> only;        ///< where not empty: all others stay in float
  /// Moves the mean error of rounded weights, for the mean inputs that calibration saw, into the bias
  /// (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019, §4.2).
  bool bias_correction = true;
};
support::Status quantize_graph(Graph& graph, const Calibration& calibration,
                               const QuantizeOptions& options = {});

/// Nodes that quantize_graph would turn into integer layers with weights, in order.
std::vector<std::string> weighted_layers(const Graph& graph);

}  // namespace pipit::model
