#include "compiler/model/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/model/emit_pipm.h"
#include "compiler/model/passes/passes.h"
#include "compiler/model/plan.h"
#include "nn/nn.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// Values of one tensor as an operator made them. `channels` and `channels_last` say how a value's place
/// gives its channel.
struct Seen {
  std::span<const f32> values;
  usize channels = 1;
  bool channels_last = true;
  usize channel_of(usize i) const {
    return channels_last ? i % channels : i / (values.size() / channels) % channels;
  }
};
/// Called with the canonical tensor's index whenever an operator made one.
using Observer = std::function<void(u32 tensor, const Seen& seen)>;

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
    observe(graph_.inputs[0].index, seen(graph_[graph_.inputs[0]], sample));
    for (NodeId id : graph_.order()) {
      TRY(executor.step());
      const TensorId output = graph_[id].output;
      const Tensor& tensor = graph_[output];
      if (tensor.dtype != DType::f32) continue;
      const f32* values = reinterpret_cast<const f32*>(arena.data() + plan_.offsets[output.index]);
      observe(tensor.origin.valid() ? tensor.origin.index : output.index,
              seen(tensor, {values, static_cast<usize>(element_count(tensor.shape))}));
    }
    return {};
  }

  usize input_elements() const { return static_cast<usize>(element_count(graph_[graph_.inputs[0]].shape)); }

 private:
  /// Layout moved the channels of images that were re-ordered; others are [1,C,H,W].
  static Seen seen(const Tensor& tensor, std::span<const f32> values) {
    const Shape& shape = tensor.shape;
    if (shape.empty()) return {values, 1, true};
    const bool image = shape.size() == 4 && !tensor.origin.valid() && shape[0] == 1;
    return {values, static_cast<usize>(image ? shape[1] : shape.back()), !image};
  }

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

/// Sums of channels; the mean when all samples were seen.
struct ChannelSums {
  std::vector<f64> sums;
  u64 count = 0;  // values of each channel

  void add(const Seen& seen) {
    sums.resize(seen.channels, 0);
    for (usize i = 0; i < seen.values.size(); ++i) sums[seen.channel_of(i)] += f64{seen.values[i]};
    count += seen.values.size() / seen.channels;
  }
};

constexpr usize kSteps = 255;

/// Kullback-Leibler divergence from the bins [first, last) with the outliers at their ends to the same in
/// kSteps steps.
f64 divergence(const std::vector<u64>& bins, usize first, usize last) {
  std::vector<f64> kept(bins.begin() + static_cast<std::ptrdiff_t>(first),
                        bins.begin() + static_cast<std::ptrdiff_t>(last));
  std::vector<f64> quantized(kept.size(), 0);
  for (usize step = 0; step < kSteps; ++step) {
    const usize from = step * kept.size() / kSteps, to = (step + 1) * kept.size() / kSteps;
    f64 sum = 0, used = 0;
    for (usize i = from; i < to; ++i) {
      sum += kept[i];
      used += kept[i] > 0;
    }
    for (usize i = from; i < to; ++i)
      if (kept[i] > 0) quantized[i] = sum / used;
  }
  for (usize i = 0; i < first; ++i) kept.front() += static_cast<f64>(bins[i]);
  for (usize i = last; i < bins.size(); ++i) kept.back() += static_cast<f64>(bins[i]);
  f64 kept_sum = 0, quantized_sum = 0, sum = 0;
  for (usize i = 0; i < kept.size(); ++i) {
    kept_sum += kept[i];
    quantized_sum += quantized[i];
  }
  constexpr f64 kNothing = 1e-9;  // where clipping put values into an empty bin
  for (usize i = 0; i < kept.size(); ++i) {
    if (kept[i] == 0) continue;
    const f64 p = kept[i] / kept_sum, q = quantized_sum > 0 ? quantized[i] / quantized_sum : 0;
    sum += p * std::log(p / std::max(q, kNothing));
  }
  return sum;
}

}  // namespace

void Histogram::add(std::span<const f32> values) {
  for (f32 value : values) {
    if (!(value >= low_ && value <= high_)) continue;
    ++bins_[bin_of(value)];
    zeros_ += value == 0;
  }
}

usize Histogram::bin_of(f32 value) const {
  const f64 width = f64{high_} - low_, place = width > 0 ? (f64{value} - low_) / width * kBins : 0;
  return std::min<usize>(static_cast<usize>(place), kBins - 1);
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

Range Histogram::entropy() const {
  const f64 bin = (f64{high_} - low_) / kBins;
  if (!(bin > 0)) return {low_, high_};
  std::vector<u64> bins = bins_;
  if (zeros_ > 0) bins[bin_of(0)] -= zeros_;
  constexpr u32 kCandidates = 96;
  f64 least = std::numeric_limits<f64>::infinity();
  Range best{low_, high_};
  for (u32 candidate = 0; candidate < kCandidates; ++candidate) {
    const f64 share = 1 - 0.9 * candidate / kCandidates;
    const f64 low = std::min(f64{low_}, 0.0) * share, high = std::max(f64{high_}, 0.0) * share;
    const f64 from = std::max((low - low_) / bin, 0.0),
              to = std::min((high - low_) / bin, static_cast<f64>(kBins));
    const usize first = static_cast<usize>(from), last = static_cast<usize>(std::ceil(to));
    if (last <= first + kSteps) break;
    const f64 lost = divergence(bins, first, last);
    if (lost >= least) continue;
    least = lost;
    best = {static_cast<f32>(std::max(low, f64{low_})), static_cast<f32>(std::min(high, f64{high_}))};
  }
  return best;
}

Result<Calibration> calibrate(const Graph& graph, const Samples& samples, const CalibrationOptions& options) {
  if (samples.count == 0) return Error(Code::invalid_argument, "calibration needs at least one sample");
  if (!(options.percentile > 50 && options.percentile <= 100))
    return Error(Code::invalid_argument, "the percentile must be above 50 and at most 100");
  Instrumented model = TRY(Instrumented::create(graph));
  const std::vector<f32> first = samples.at(0);
  if (first.size() != model.input_elements())
    return Error(Code::invalid_argument, "a calibration sample has " + std::to_string(first.size()) +
                                             " values, the model's input '" + graph[graph.inputs[0]].name +
                                             "' " + to_string(graph[graph.inputs[0]].shape) + " needs " +
                                             std::to_string(model.input_elements()));
  Calibration calibration;
  std::map<u32, Range>& ranges = calibration.ranges;
  std::map<u32, ChannelSums> sums;
  for (u32 i = 0; i < samples.count; ++i)
    TRY(model.run(samples.at(i), [&](u32 tensor, const Seen& seen) {
      widen(ranges, tensor, seen.values);
      sums[tensor].add(seen);
    }));
  for (auto& [tensor, sum] : sums) {
    for (f64& value : sum.sums) value /= static_cast<f64>(sum.count);
    calibration.channel_means.emplace(tensor, std::move(sum.sums));
  }
  if (options.method == CalibrationMethod::min_max) return calibration;

  std::map<u32, Histogram> histograms;
  for (const auto& [tensor, range] : ranges) histograms.emplace(tensor, Histogram(range.low, range.high));
  for (u32 i = 0; i < samples.count; ++i)
    TRY(model.run(samples.at(i), [&](u32 tensor, const Seen& seen) { histograms[tensor].add(seen.values); }));
  for (auto& [tensor, range] : ranges)
    range = options.method == CalibrationMethod::entropy ? histograms[tensor].entropy()
                                                         : histograms[tensor].percentile(options.percentile);
  return calibration;
}

}  // namespace pipit::model
