// pipit model bench: how long an inference takes on this machine.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/model_common.h"
#include "cli/model_dynamic.h"
#include "compiler/model/team.h"

namespace pipit::cli {
namespace {

using support::Status;

struct Arguments {
  std::string model;
  std::vector<std::string> inputs;
  u32 iterations = 100, threads = 1;
};

/// Times `infer` until it was called often enough, or somebody interrupts.
support::Result<std::vector<f64>> measure(u32 iterations, const std::function<Status()>& infer) {
  std::vector<f64> milliseconds;
  TRY(infer());  // warms the caches
  for (u32 i = 0; i < iterations; ++i) {
    const auto start = std::chrono::steady_clock::now();
    TRY(infer());
    milliseconds.push_back(
        std::chrono::duration<f64, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  if (milliseconds.empty()) return support::Error(Code::cancelled, "stopped");
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds;
}

/// `macs` is 0 where inputs decide how many there are.
void print(const std::vector<f64>& milliseconds, u64 macs, const Arguments& arguments,
           const Session& session) {
  const f64 median = milliseconds[milliseconds.size() / 2];
  const f64 gmacs = static_cast<f64>(macs) / median / 1e6;
  if (session.output == Output::json) {
    support::Json json = {{"iterations", milliseconds.size()},
                          {"threads", arguments.threads},
                          {"median_ms", median},
                          {"fastest_ms", milliseconds.front()}};
    if (macs != 0) json.update({{"macs", macs}, {"gmacs_per_second", gmacs}});
    std::printf("%s\n", support::dump(json, 2).c_str());
    return;
  }
  std::printf("%zu inferences on this machine: median %.3f ms, fastest %.3f ms", milliseconds.size(), median,
              milliseconds.front());
  if (macs != 0) std::printf(", %.2f GMAC/s", gmacs);
  if (arguments.threads > 1) std::printf(", %u threads", arguments.threads);
  std::printf("\n");
}

Status bench_dynamic(const Arguments& arguments, const Session& session, model::DynamicModel model) {
  const auto inputs = TRY(dynamic_inputs(model, arguments.inputs));
  const auto milliseconds = TRY(measure(arguments.iterations, [&]() -> Status {
    TRY(model.run(inputs));
    return {};
  }));
  print(milliseconds, 0, arguments, session);
  return {};
}

Status run(const Arguments& arguments, const Session& session) {
  auto file = load_planned(arguments.model);
  if (!file.ok())
    return bench_dynamic(arguments, session, TRY(load_dynamic(arguments.model, file.take_error())));
  model::ThreadTeam team(arguments.threads);
  model::Session inference = TRY(model::Session::create(*file, nn::fast_kernels(), &team));
  const nn::PlannedModel& planned = inference.model();
  std::vector<std::vector<u8>> zeros;
  std::vector<Bytes> inputs;
  for (u32 i = 0; i < planned.input_count(); ++i) zeros.emplace_back(planned.input(i).bytes);
  for (const auto& input : zeros) inputs.emplace_back(input);
  const auto milliseconds = TRY(measure(arguments.iterations, [&]() -> Status {
    TRY(inference.run_all(inputs));
    return {};
  }));
  print(milliseconds, planned.macs(), arguments, session);
  return {};
}

}  // namespace

void register_model_bench(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("bench", "time of one inference on this machine");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->model, ".onnx, .tflite or .pipm")->required();
  command->add_option("--input", arguments->inputs,
                      "of a model whose shapes inputs decide: .npy or ONNX tensor .pb, one for every input");
  add_threads_option(*command, arguments->threads);
  command->add_option("--iterations", arguments->iterations, "inferences to time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  set_action(*command, session, "pipit model bench fashion.pipm --iterations 1000",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
