// The Fashion-MNIST example from its folder to its results, with a small model of random weights in place of
// the trained one, whose making other rooms test.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "cli/package/build.h"
#include "host/executors.h"
#include "host/runner.h"
#include "nn/nn.h"
#include "nn/testing/sample_models.h"
#include "support/files.h"
#include "support/json.h"

namespace pipit::package {
namespace {

constexpr u32 kFrames = 201, kPixels = 784, kClasses = 10;

std::vector<u8> linear_model() {
  using nn::format::Opcode;
  nn::testing::Random random(3);
  nn::testing::ModelBuilder model;
  const u32 image = model.activation(DType::f32, {1, 1, 28, 28});
  const u32 flat = model.activation(DType::f32, {1, kPixels});
  model.op(Opcode::reshape, {image}, flat, nn::format::NoAttributes{});
  const u32 logits = model.activation(DType::f32, {1, kClasses});
  const u32 weights = model.constant(DType::f32, {kClasses, kPixels}, random.reals(kClasses * kPixels));
  const u32 bias = model.constant(DType::f32, {kClasses}, random.reals(kClasses));
  model.op(Opcode::fully_connected, {flat, weights, bias}, logits,
           nn::format::ClampAttributes{nn::format::Clamp::of(-1e30f, 1e30f)});
  return model.build({image}, {logits}, "linear");
}

/// What the application is to publish for one frame, as lower-case hexadecimal: the sums of this processor's
/// kernels, which the runner uses.
std::string expected(nn::Executor& executor, Bytes frame) {
  f32 input[kPixels];
  for (u32 i = 0; i < kPixels; ++i)
    input[i] = (static_cast<f32>(frame[i]) * (1.0f / 255.0f) - 0.2860f) * (1.0f / 0.3530f);
  EXPECT_TRUE(executor.set_input(0, DType::f32, {reinterpret_cast<const u8*>(input), sizeof input}).ok());
  EXPECT_TRUE(executor.run().ok());
  std::string hex;
  for (const u8 byte : executor.output(0)) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hex += digits;
  }
  return hex;
}

struct TextConsole final : ports::Console {
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

class Fashion : public ::testing::Test {
 protected:
  Fashion() {
    char name[] = "/tmp/pipit-example-XXXXXX";
    folder_ = mkdtemp(name);
    model_ = linear_model();
    std::ofstream(folder_ + "/m.pipm", std::ios::binary)
        .write(reinterpret_cast<const char*>(model_.data()), static_cast<long>(model_.size()));
    for (u32 i = 0; i < kFrames * kPixels; ++i) images_.push_back(static_cast<char>(i * 2654435761u >> 24));
    std::ofstream(folder_ + "/images.raw", std::ios::binary) << images_;
  }
  ~Fashion() override { std::filesystem::remove_all(folder_); }

  std::string folder_, images_;
  std::vector<u8> model_;
};

TEST_F(Fashion, PublishesWhatTheModelSaysBitForBit) {
  BuildOptions options{.folder = std::string(PIPIT_SOURCE_DIR) + "/examples/fashion"};
  options.models = {{"default", folder_ + "/m.pipm"}};
  auto report = build(options);
  ASSERT_TRUE(report.ok()) << report.error().text;
  EXPECT_EQ(report->warnings, "");
  EXPECT_LE(report->package.module.size(), 4096u);
  EXPECT_LE(report->static_bytes, 9u * 1024);

  auto frames = host::Dataset::load(folder_ + "/images.raw", {.shape = {28, 28}});
  ASSERT_TRUE(frames.ok()) << frames.error().text;
  TextConsole out;
  host::RunOptions run;
  run.module = report->package.module;
  run.memory_bytes = report->memory_bytes;  // the very limits of a device
  run.stack_bytes = report->engine_stack_bytes;
  run.arena_bytes = report->arena_bytes;
  run.models = {{"default", model_}};
  run.sensors.push_back({"camera", *frames});
  run.telemetry_file = folder_ + "/results.jsonl";
  run.out = &out;
  const auto ended = host::run(run);
  ASSERT_TRUE(ended.ok()) << ended.error().text;
  EXPECT_EQ(ended->trap, "");
  EXPECT_EQ(ended->process_exit_code(), 0) << out.text;
  EXPECT_EQ(std::ranges::count(out.text, '\n'), 3) << out.text;
  EXPECT_EQ(out.text.find("fashion 1: frame 0 is a "), 0u) << out.text;

  const auto planned = nn::PlannedModel::load(model_);
  ASSERT_TRUE(planned.ok());
  std::vector<u8> storage(planned->arena_bytes() + 4096);
  Arena arena(storage);
  host::FastExecutors executors;
  auto executor = executors.create(*planned, arena);
  ASSERT_TRUE(executor.ok());
  std::ifstream results(run.telemetry_file);
  u32 sequence = 0;
  for (std::string line; std::getline(results, line); ++sequence) {
    const auto json = support::parse_json(line);
    ASSERT_TRUE(json.ok()) << line;
    ASSERT_EQ(support::int_at(*json, {"sequence"}), sequence);
    ASSERT_EQ(support::text_at(*json, {"name"}), "logits");
    ASSERT_EQ(support::text_at(*json, {"payload"}), expected(*executor, frames->frame(sequence))) << sequence;
  }
  EXPECT_EQ(sequence, kFrames);
}

TEST_F(Fashion, SaysWhatIsMissing) {
  BuildOptions options{.folder = std::string(PIPIT_SOURCE_DIR) + "/examples/fashion", .version = "7"};
  options.models = {{"default", folder_ + "/m.pipm"}};
  auto report = build(options);
  ASSERT_TRUE(report.ok()) << report.error().text;
  TextConsole out;
  host::RunOptions run;
  run.module = report->package.module;
  run.memory_bytes = report->memory_bytes;
  run.out = &out;
  auto ended = host::run(run);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->process_exit_code(), 1);
  EXPECT_EQ(out.text, "fashion 7: opening the camera failed with 44\n");
}

}  // namespace
}  // namespace pipit::package
