#include "compiler/model/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"

namespace pipit::model {
namespace {

using support::Result;

/// The outputs of all samples, one after the other.
Result<std::vector<f32>> outputs_of(const Graph& graph, const Samples& samples, u32 count) {
  const CompiledModel compiled = TRY(compile_graph(graph));
  Session session = TRY(Session::create(compiled.pipm));
  std::vector<f32> all;
  for (u32 i = 0; i < count; ++i) {
    TRY(session.run(std::span<const f32>(samples.at(i))));
    for (u32 output = 0; output < session.model().output_count(); ++output) {
      const auto values = real_values(session.model().output(output), session.output(output));
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  return all;
}

f64 signal_to_noise_db(const std::vector<f32>& exact, const std::vector<f32>& noisy) {
  f64 signal = 0, noise = 0;
  for (usize i = 0; i < exact.size(); ++i) {
    signal += f64{exact[i]} * exact[i];
    noise += (f64{exact[i]} - noisy[i]) * (f64{exact[i]} - noisy[i]);
  }
  return noise > 0 ? 10 * std::log10(signal / noise) : std::numeric_limits<f64>::infinity();
}

}  // namespace

Result<std::vector<LayerLoss>> analyse_layers(const Graph& canonical, const Calibration& calibration,
                                              const Samples& samples, const QuantizeOptions& options,
                                              u32 most_samples) {
  const u32 count = std::min(samples.count, most_samples);
  const std::vector<f32> exact = TRY(outputs_of(canonical, samples, count));
  std::vector<LayerLoss> losses;
  for (const std::string& name : weighted_layers(canonical)) {
    Graph graph = canonical;
    QuantizeOptions alone = options;
    alone.only = {name};
    TRY(quantize_graph(graph, calibration, alone));
    losses.push_back({name, signal_to_noise_db(exact, TRY(outputs_of(graph, samples, count)))});
  }
  std::sort(losses.begin(), losses.end(), [](const LayerLoss& a, const LayerLoss& b) {
    return a.signal_to_noise_db != b.signal_to_noise_db ? a.signal_to_noise_db < b.signal_to_noise_db
                                                        : a.node < b.node;
  });
  return losses;
}

}  // namespace pipit::model
