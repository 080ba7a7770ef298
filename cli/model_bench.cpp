// pipit model bench: how long an inference takes on this machine.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/model_common.h"

namespace pipit::cli {
namespace {

using support::Status;

struct Arguments {
  std::string model;
  u32 iterations = 100;
};

Status run(const Arguments& arguments, const Session& session) {
  const std::vector<u8> file = TRY(load_planned(arguments.model));
  model::Session inference = TRY(model::Session::create(file));
  const nn::PlannedModel& planned = inference.model();
  std::vector<std::vector<u8>> zeros;
  std::vector<Bytes> inputs;
  for (u32 i = 0; i < planned.input_count(); ++i) zeros.emplace_back(planned.input(i).bytes);
  for (const auto& input : zeros) inputs.emplace_back(input);
  std::vector<f64> milliseconds;
  TRY(inference.run_all(inputs));  // warms the caches
  for (u32 i = 0; i < arguments.iterations && !interrupted(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    TRY(inference.run_all(inputs));
    milliseconds.push_back(
        std::chrono::duration<f64, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  if (milliseconds.empty()) return support::Error(Code::cancelled, "stopped");
  std::sort(milliseconds.begin(), milliseconds.end());
  const f64 median = milliseconds[milliseconds.size() / 2];
  const f64 gmacs = static_cast<f64>(planned.macs()) / median / 1e6;
  if (session.output == Output::json)
    std::printf("%s\n", support::dump({{"iterations", milliseconds.size()},
                                       {"median_ms", median},
                                       {"fastest_ms", milliseconds.front()},
                                       {"macs", planned.macs()},
                                       {"gmacs_per_second", gmacs}},
                                      2)
                            .c_str());
  else
    std::printf("%zu inferences on this machine: median %.3f ms, fastest %.3f ms, %.2f GMAC/s\n",
                milliseconds.size(), median, milliseconds.front(), gmacs);
  return {};
}

}  // namespace

void register_model_bench(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("bench", "time of one inference on this machine");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->model, ".onnx or .pipm")->required();
  command->add_option("--iterations", arguments->iterations, "inferences to time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  set_action(*command, session, "pipit model bench fashion.pipm --iterations 1000",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
