#include "bench/wasm/measure.h"

#include <algorithm>
#include <cmath>

namespace pipit::bench {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const usize middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// A kernel in one runtime while it is being measured.
struct Candidate {
  std::unique_ptr<Subject> subject;
  u32 rounds = 1;
  std::vector<double> samples;
};

/// Warms the subject up, checks its answer and finds how many rounds make a sample.
support::Status prepare(Candidate& candidate, double sample_seconds, u64* expected) {
  (void)TRY(candidate.subject->sample(1));
  const double once = TRY(candidate.subject->sample(1));
  const u64 sum = TRY(candidate.subject->checksum());
  if (*expected == 0) *expected = sum;
  if (sum != *expected) return support::Error(Code::internal, "another result than native code");
  constexpr double kMost = 2000;
  candidate.rounds =
      static_cast<u32>(std::clamp(std::ceil(sample_seconds / std::max(once, 1e-6)), 1.0, kMost));
  return {};
}

}  // namespace

support::Result<Row> measure(const std::string& kernel, const std::vector<std::unique_ptr<Runtime>>& runtimes,
                             const MeasureOptions& options) {
  Row row{kernel, std::vector<Cell>(runtimes.size())};
  std::vector<Candidate> candidates(runtimes.size());
  u64 expected = 0;
  for (usize i = 0; i < runtimes.size(); ++i) {
    auto subject = runtimes[i]->load(kernel);
    if (!subject.ok()) {
      row.cells[i].why = subject.error().text;
      continue;
    }
    candidates[i].subject = std::move(*subject);
    auto status = prepare(candidates[i], options.sample_seconds, &expected);
    if (status.ok()) continue;
    row.cells[i] = {.why = status.error().text, .wrong = true};
    candidates[i] = {};
  }
  for (u32 repeat = 0; repeat < options.repeats; ++repeat)
    for (Candidate& candidate : candidates)
      if (candidate.subject != nullptr)
        candidate.samples.push_back(TRY(candidate.subject->sample(candidate.rounds)) / candidate.rounds);
  for (usize i = 0; i < runtimes.size(); ++i)
    if (!candidates[i].samples.empty()) row.cells[i].seconds = median(std::move(candidates[i].samples));
  return row;
}

double geometric_mean(const std::vector<Row>& rows, const std::vector<std::string>& kernels, usize column,
                      usize base) {
  double logarithms = 0;
  u32 count = 0;
  for (const Row& row : rows) {
    if (std::find(kernels.begin(), kernels.end(), row.kernel) == kernels.end()) continue;
    if (row.cells[column].seconds <= 0 || row.cells[base].seconds <= 0) continue;
    logarithms += std::log(row.cells[column].seconds / row.cells[base].seconds);
    ++count;
  }
  return count == 0 ? 0 : std::exp(logarithms / count);
}

}  // namespace pipit::bench
