// pipit-bench-wasi-nn: what the calls of wasi-nn cost beside the inference, in an application on this
// machine.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "host/runner.h"
#include "nn/testing/model_builder.h"
#include "support/files.h"

namespace pipit::bench {
namespace {

constexpr u32 kRounds = 200'000, kCalls = 3, kSamples = 7;

f64 cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<f64>(time.tv_sec) * 1e6 + static_cast<f64>(time.tv_nsec) / 1e3;
}

/// A model whose one operator does next to nothing: sixteen values clamped.
std::vector<u8> tiny_model() {
  nn::testing::ModelBuilder model;
  const u32 x = model.activation(DType::i8, {16}, 0.5f), y = model.activation(DType::i8, {16}, 0.5f);
  model.op(nn::format::Opcode::clamp, {x}, y, nn::format::ClampAttributes{nn::format::Clamp::of(-100, 100)});
  return model.build({x}, {y});
}

/// CPU time of a run with so many inferences; below 0 when it failed.
f64 run(const std::vector<u8>& module, host::EngineSession* engine, u32 rounds) {
  host::RunOptions options;
  options.module = module;
  options.arguments = {std::to_string(rounds)};
  options.models.push_back({"tiny", tiny_model()});
  options.engine = engine;
  const f64 start = cpu_us();
  const auto report = host::run(options);
  if (report.ok() && report->process_exit_code() == 0) return cpu_us() - start;
  std::fprintf(stderr, "pipit-bench-wasi-nn: %s\n",
               report.ok() ? "the application failed" : report.error().text.c_str());
  return -1;
}

int main() {
  const auto module = support::read_file(PIPIT_WASM_FOLDER "/wasi_nn_guest.wasm");
  if (!module.ok()) return std::fprintf(stderr, "%s\n", module.error().text.c_str()), 1;
  f64 fewest = 1e18, most = 1e18;
  for (u32 sample = 0; sample < kSamples; ++sample) {
    const f64 without = run(*module, nullptr, 0), with = run(*module, nullptr, kRounds);
    if (without < 0 || with < 0) return 1;
    fewest = std::min(fewest, without);
    most = std::min(most, with);
  }
  std::printf(
      "wasi-nn, interpreter in place: %.3f µs a call (set_input, compute of one small operator, get_output; "
      "%u calls)\n",
      (most - fewest) / (f64{kRounds} * kCalls), kRounds * kCalls);
  return 0;
}

}  // namespace
}  // namespace pipit::bench

int main() { return pipit::bench::main(); }
