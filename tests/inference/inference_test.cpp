// Large and trained models as applications: what Mewz answers is what Linux answers, and is right.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "compiler/model/compiler.h"
#include "compiler/model/input_file.h"
#include "support/files.h"
#include "tests/inference/both_machines.h"

namespace pipit::inference {
namespace {

const std::string kData = PIPIT_TESTDATA;
constexpr int kPatienceMs = 300'000;
constexpr usize kMegabyte = 1'000'000;
constexpr char kImageOfResnet[] = "1,3,224,224";

std::vector<f32> reals(usize count) {
  std::vector<f32> values(count);
  for (usize i = 0; i < count; ++i)  // Fibonacci hashing spreads neighbouring numbers
    values[i] = static_cast<f32>(static_cast<u32>(i) * 2654435761u >> 8) / static_cast<f32>(1 << 24);
  return values;
}

std::vector<u8> bytes_of(const std::vector<f32>& values) {
  std::vector<u8> bytes(values.size() * sizeof(f32));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

class Inference : public ::testing::Test {
 protected:
  /// The file, or nothing and the test is skipped.
  static std::vector<u8> data(const std::string& name) {
    auto file = support::read_file(kData + "/" + name);
    return file.ok() ? *std::move(file) : std::vector<u8>();
  }
  static std::vector<u8> planned(Bytes file) {
    auto compiled = model::compile_model(file);
    EXPECT_TRUE(compiled.ok()) << compiled.error().text;
    return compiled.ok() ? std::move(compiled->pipm) : std::vector<u8>();
  }
  /// A float application's answers in both, which have to be close.
  static void expect_close(const Application& application, u32 memory_mb) {
    const auto here = run_on_linux(application), there = run_in_mewz(application, memory_mb, kPatienceMs);
    ASSERT_TRUE(here.ok()) << here.error().text;
    ASSERT_TRUE(there.ok()) << there.error().text;
    ASSERT_FALSE(here->outputs.empty());
    ASSERT_EQ(here->outputs.size(), there->outputs.size());
    for (usize at = 0; at < here->outputs.size(); at += sizeof(f32)) {
      f32 want, have;
      std::memcpy(&want, &here->outputs[at], sizeof want);
      std::memcpy(&have, &there->outputs[at], sizeof have);
      ASSERT_NEAR(want, have, 1e-5f) << "output " << at / sizeof(f32);
    }
    EXPECT_EQ(here->classes, there->classes);
  }
};

TEST_F(Inference, Resnet50InIntegersIsThatOfLinuxToTheByte) {
  const auto onnx = data("onnx-light/light_resnet50.onnx");
  if (onnx.empty()) GTEST_SKIP() << "no onnx-light/light_resnet50.onnx in " << kData;
  const auto sample = reals(usize{3} * 224 * 224);
  const auto quantized = model::quantize_model(onnx, {1, [&sample](u32) { return std::vector<f32>(sample); }},
                                               {model::CalibrationMethod::min_max, 100});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  const Application application{planned(quantized->onnx), "f32", kImageOfResnet, bytes_of(sample)};
  const auto bytes = Application::package_bytes(application.model);
  ASSERT_TRUE(bytes.ok()) << bytes.error().text;
  EXPECT_LE(*bytes, 30 * kMegabyte);
  const auto here = run_on_linux(application), there = run_in_mewz(application, 96, kPatienceMs);
  ASSERT_TRUE(here.ok()) << here.error().text;
  ASSERT_TRUE(there.ok()) << there.error().text;
  EXPECT_EQ(here->outputs.size(), 1000 * sizeof(f32));
  EXPECT_EQ(here->outputs, there->outputs);
}

TEST_F(Inference, Resnet50InFloatFitsAndIsCloseToThatOfLinux) {
  const auto onnx = data("onnx-light/light_resnet50.onnx");
  if (onnx.empty()) GTEST_SKIP() << "no onnx-light/light_resnet50.onnx in " << kData;
  const Application application{planned(onnx), "f32", kImageOfResnet, bytes_of(reals(usize{3} * 224 * 224))};
  const auto bytes = Application::package_bytes(application.model);
  ASSERT_TRUE(bytes.ok()) << bytes.error().text;
  EXPECT_LE(*bytes, 105 * kMegabyte);
  if (std::getenv("PIPIT_RESNET50_F32") == nullptr)
    GTEST_SKIP() << "fits; PIPIT_RESNET50_F32=1 runs it as well, which takes minutes in emulation";
  expect_close(application, 256);
}

TEST_F(Inference, SmallResnetInFloatIsCloseToThatOfLinux) {
  const auto tflite = data("mlperf-tiny/pretrainedResnet.tflite");
  if (tflite.empty()) GTEST_SKIP() << "no mlperf-tiny/pretrainedResnet.tflite in " << kData;
  auto pixels = reals(usize{4} * 32 * 32 * 3);
  for (f32& pixel : pixels) pixel *= 255;
  expect_close({planned(tflite), "f32", "1,32,32,3", bytes_of(pixels)}, 32);
}

TEST_F(Inference, MobilenetNamesThePhotosInMewzAndOnLinux) {
  const auto tflite = data("google-coral/mobilenet_v2_1.0_224_quant.tflite");
  if (tflite.empty()) GTEST_SKIP() << "no google-coral/mobilenet_v2_1.0_224_quant.tflite in " << kData;
  const struct {
    const char* picture;
    const char* label;  ///< part of the right class's name
  } cases[] = {
      {"google-coral/bird.bmp", "chickadee"},      {"google-coral/cat.bmp", "cat"},
      {"google-coral/dragonfly.bmp", "dragonfly"}, {"google-coral/grace_hopper.bmp", "military uniform"},
      {"google-coral/sunflower.bmp", "daisy"},     {"photos/chelsea.png", "cat"},
      {"photos/coffee.png", "espresso"},           {"photos/rocket.jpg", "missile"},
  };
  Application application{planned(tflite), "u8", "1,224,224,3", {}};
  const auto model = nn::PlannedModel::load(application.model);
  ASSERT_TRUE(model.ok());
  for (const auto& test : cases) {
    const auto samples = model::read_samples(kData + "/" + test.picture, *model);
    ASSERT_TRUE(samples.ok()) << samples.error().text;
    application.inputs.insert(application.inputs.end(), samples->front().begin(), samples->front().end());
  }
  const auto text = data("google-coral/imagenet_labels.txt");
  std::istringstream lines(std::string(text.begin(), text.end()));
  std::vector<std::string> labels;
  for (std::string line; std::getline(lines, line);) labels.push_back(line);

  const auto here = run_on_linux(application), there = run_in_mewz(application, 32, kPatienceMs);
  ASSERT_TRUE(here.ok()) << here.error().text;
  ASSERT_TRUE(there.ok()) << there.error().text;
  EXPECT_EQ(here->outputs, there->outputs);
  ASSERT_EQ(there->classes.size(), std::size(cases)) << there->said;
  EXPECT_EQ(here->classes, there->classes);
  for (usize i = 0; i < std::size(cases); ++i) {
    ASSERT_LT(there->classes[i], labels.size());
    const std::string& label = labels[there->classes[i]];
    EXPECT_NE(label.find(cases[i].label), std::string::npos) << cases[i].picture << ": " << label;
  }
}

}  // namespace
}  // namespace pipit::inference
