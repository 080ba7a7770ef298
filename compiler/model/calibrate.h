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

/// Ranges of every float activation of a canonical graph, by tensor index. The engine's own kernels compute
/// them. invalid_argument when there is no sample, or one does not fit the input; unsupported for more than
/// one input.
support::Result<std::map<u32, Range>> calibrate(const Graph& graph, const Samples& samples,
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

 private:
  f32 low_ = 0, high_ = 0;
  std::vector<u64> bins_;
};

}  // namespace pipit::model
