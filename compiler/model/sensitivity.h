#pragma once
#include <string>
#include <vector>

#include "compiler/model/quantize.h"

/// Which layers lose most by quantisation.
namespace pipit::model {

struct LayerLoss {
  std::string node;
  /// Signal-to-noise ratio of the model's outputs, in decibels, when this layer alone is int8; the noise is
  /// the difference to the float model. Infinite where there is none.
  f64 signal_to_noise_db = 0;
};

/// Every layer with weights, the one that loses most first, over at most `most_samples` samples.
support::Result<std::vector<LayerLoss>> analyse_layers(const Graph& canonical, const Calibration& calibration,
                                                       const Samples& samples, const QuantizeOptions& options,
                                                       u32 most_samples);

}  // namespace pipit::model
