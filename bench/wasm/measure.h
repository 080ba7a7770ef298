#pragma once
#include <map>
#include <vector>

#include "bench/wasm/subject.h"

namespace pipit::bench {

/// What one kernel took in one runtime.
struct Cell {
  double seconds = 0;  ///< median of one round; 0 when it could not run
  std::string why;     ///< the reason then
  bool wrong = false;  ///< it ran, but trapped or gave another result: a fast wrong answer is no measurement
};

/// The measurements of one kernel, by runtime in the order given.
struct Row {
  std::string kernel;
  std::vector<Cell> cells;
};

struct MeasureOptions {
  u32 repeats = 5;               ///< of which the median counts
  double sample_seconds = 0.03;  ///< least processor time of one sample
};

/// Measures `kernel` in every runtime, the runtimes taking turns in each repeat so that a noisy moment hits
/// all. A result that differs from the first runtime's is an error: a fast wrong answer is no measurement.
support::Result<Row> measure(const std::string& kernel, const std::vector<std::unique_ptr<Runtime>>& runtimes,
                             const MeasureOptions& options);

/// Geometric mean over `kernels` of column `column` divided by column `base`; 0 when no row has both.
double geometric_mean(const std::vector<Row>& rows, const std::vector<std::string>& kernels, usize column,
                      usize base);

}  // namespace pipit::bench
