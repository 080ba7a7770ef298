#include "compiler/model/calibrate.h"

#include <algorithm>
#include <cmath>

#include "compiler/model/emit_pipm.h"
#include "compiler/model/passes/passes.h"
#include "compiler/model/plan.h"
#include "nn/nn.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// Called with the canonical tensor's index and its values, whenever an operator made one.
using Observer = std::function<void(u32 tensor, std::span<const f32> values)>;

/// The float model in execution form, with a look at every tensor.
class Instrumented {
 public:
  static Result<Instrumented> create(const Graph& canonical) {
    if (canonical.inputs.size() != 1)
      return Error(Code::unsupported, "calibration of a model with more than one input");
    Instrumented made;
    made.graph_ = canonical;
    TRY(run_passes(made.graph_, lowering_passes()));
    made.plan_ = TRY(plan_memory(made.graph_));
    made.file_ = TRY(emit_pipm(made.graph_, made.plan_)).file;
    made.arena_.resize(made.plan_.arena_bytes / sizeof(Chunk));
    return made;
  }

  Status run(const std::vector<f32>& sample, const Observer& observe) {
    const MutBytes arena(reinterpret_cast<u8*>(arena_.data()), arena_.size() * sizeof(Chunk));
    const nn::PlannedModel model = TRY(nn::PlannedModel::load(file_));
    nn::Executor executor = TRY(nn::Executor::create(model, arena));
    const Bytes bytes(reinterpret_cast<const u8*>(sample.data()), sample.size() * sizeof(f32));
    TRY(executor.set_input(0, DType::f32, bytes));
    observe(graph_.inputs[0].index, sample);
    for (NodeId id : graph_.order()) {
      TRY(executor.step());
      const TensorId output = graph_[id].output;
      const Tensor& tensor = graph_[output];
      if (tensor.dtype != DType::f32) continue;
      const f32* values = reinterpret_cast<const f32*>(arena.data() + plan_.offsets[output.index]);
      observe(tensor.origin.valid() ? tensor.origin.index : output.index,
              {values, static_cast<usize>(element_count(tensor.shape))});
    }
    return {};
  }

 private:
  struct alignas(16) Chunk {
    u8 bytes[16];
  };
  Graph graph_;
  MemoryPlan plan_;
  std::vector<u8> file_;
  std::vector<Chunk> arena_;
};

void widen(std::map<u32, Range>& ranges, u32 tensor, std::span<const f32> values) {
  for (f32 value : values) {
    if (!std::isfinite(value)) continue;
    const auto [at, first] = ranges.try_emplace(tensor, Range{value, value});
    at->second = {std::min(at->second.low, value), std::max(at->second.high, value)};
  }
}

}  // namespace

void Histogram::add(std::span<const f32> values) {
  const f64 width = f64{high_} - low_;
  for (f32 value : values) {
    if (!(value >= low_ && value <= high_)) continue;
    const f64 place = width > 0 ? (f64{value} - low_) / width * kBins : 0;
    ++bins_[std::min<usize>(static_cast<usize>(place), kBins - 1)];
  }
}

Range Histogram::percentile(f64 percent) const {
  u64 total = 0;
  for (u64 count : bins_) total += count;
  const u64 allowed = static_cast<u64>(static_cast<f64>(total) * (100 - percent) / 100);
  // Drop the emptier end's bin as long as what is dropped stays within the allowance: the narrowest range
  // wins.
  usize first = 0, last = kBins - 1;
  u64 dropped = 0;
  while (first < last) {
    usize& end = bins_[first] <= bins_[last] ? first : last;
    if (dropped + bins_[end] > allowed) break;
    dropped += bins_[end];
    if (&end == &first)
      ++first;
    else
      --last;
  }
  const f64 bin = (f64{high_} - low_) / kBins;
  return {static_cast<f32>(low_ + bin * static_cast<f64>(first)),
          static_cast<f32>(low_ + bin * static_cast<f64>(last + 1))};
}

Result<std::map<u32, Range>> calibrate(const Graph& graph, const Samples& samples,
                                       const CalibrationOptions& options) {
  if (samples.count == 0) return Error(Code::invalid_argument, "calibration needs at least one sample");
  if (!(options.percentile > 50 && options.percentile <= 100))
    return Error(Code::invalid_argument, "the percentile must be above 50 and at most 100");
  Instrumented model = TRY(Instrumented::create(graph));
  std::map<u32, Range> ranges;
  for (u32 i = 0; i < samples.count; ++i)
    TRY(model.run(samples.at(i),
                  [&](u32 tensor, std::span<const f32> values) { widen(ranges, tensor, values); }));
  if (options.method == CalibrationMethod::min_max) return ranges;

  std::map<u32, Histogram> histograms;
  for (const auto& [tensor, range] : ranges) histograms.emplace(tensor, Histogram(range.low, range.high));
  for (u32 i = 0; i < samples.count; ++i)
    TRY(model.run(samples.at(i),
                  [&](u32 tensor, std::span<const f32> values) { histograms[tensor].add(values); }));
  for (auto& [tensor, range] : ranges) range = histograms[tensor].percentile(options.percentile);
  return ranges;
}

}  // namespace pipit::model
