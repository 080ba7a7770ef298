#pragma once
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "compiler/model/graph.h"

/// Ranges of activations, observed while representative samples run through the float model.
namespace pipit::model {

enum class CalibrationMethod {
  min_max,     ///< everything that was seen
  percentile,  ///< what `percentile` % of the values lie within; clips outliers
  entropy,     ///< whose 255 steps lose least information: least Kullback-Leibler divergence
};

struct CalibrationOptions {
  CalibrationMethod method = CalibrationMethod::percentile;
  f64 percentile = 99.99;
};

struct Range {
  f32 low = 0, high = 0;
};

/// The sample's values for the model's one input, as it is fed; `count` samples in all.
struct Samples {
  u32 count = 0;
  std::function<std::vector<f32>(u32 index)> at;
};

/// What calibration saw of a canonical graph's float activations, by tensor index.
struct Calibration {
  std::map<u32, Range> ranges;
  /// Mean of each channel: of axis 1 where the tensor is an image, else of the last axis. For bias
  /// correction.
  std::map<u32, std::vector<f64>> channel_means;
};

/// Observes every float activation; the engine's own kernels compute them. invalid_argument when there is no
/// sample, or one does not fit the input, which the error names; unsupported for more than one input.
support::Result<Calibration> calibrate(const Graph& graph, const Samples& samples,
                                       const CalibrationOptions& options);

/// Counts of values in equal bins between two bounds.
class Histogram {
 public:
  static constexpr usize kBins = 8192;
  Histogram() = default;
  Histogram(f32 low, f32 high) : low_(low), high_(high), bins_(kBins, 0) {}
  void add(std::span<const f32> values);
  /// The narrowest range that leaves at most (100 − percentile) % of the values outside, taken from both
  /// ends.
  Range percentile(f64 percent) const;
  /// The range, shrunk towards zero at both ends alike, whose quantisation to 255 steps diverges least from
  /// what was counted (as TensorRT's entropy calibration; Migacz, "8-bit inference with TensorRT", 2017).
  /// Zeros are left out: every range represents them exactly, and the many that a rectifier leaves would make
  /// whatever shares a step with them look like a loss.
  Range entropy() const;

 private:
  usize bin_of(f32 value) const;
  f32 low_ = 0, high_ = 0;
  std::vector<u64> bins_;
  u64 zeros_ = 0;  ///< of those counted
};

}  // namespace pipit::model
