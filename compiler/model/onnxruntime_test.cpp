// Differential test: our planned models against ONNX Runtime, on real images and on hand-built networks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "compiler/model/compiler.h"
#include "compiler/model/dataset.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/testing/models.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::Ints;

/// ONNX Runtime in Node, one process a run.
class OnnxRuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(support::exists(std::string(PIPIT_NODE_MODULES) + "/onnxruntime-node/package.json"))
        << "ONNX Runtime is missing; run tests/onnxruntime/install.sh " << PIPIT_NODE_MODULES << "/..";
    folder_ = ::testing::TempDir() + "onnxruntime." + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// ONNX Runtime's first output for every sample, one after the other. `level` is its graph optimisation;
  /// "basic" keeps QDQ as it is written. From "extended" on it runs int8 kernels, which on x86 without VNNI
  /// saturate 16-bit sums of two products and are no reference for 8-bit weights.
  std::vector<f32> reference(const std::vector<u8>& onnx, const std::vector<std::vector<f32>>& samples,
                             const std::string& dims, const char* level = "basic") {
    std::vector<u8> input;
    for (const auto& sample : samples) {
      const auto bytes = testing::bytes_of(sample);
      input.insert(input.end(), bytes.begin(), bytes.end());
    }
    EXPECT_TRUE(support::write_file(folder_ + "/model.onnx", onnx).ok());
    EXPECT_TRUE(support::write_file(folder_ + "/input.bin", input).ok());
    const auto ran =
        support::run({"node", PIPIT_SOURCE_DIR "/tests/onnxruntime/run.mjs", folder_ + "/model.onnx",
                      folder_ + "/input.bin", dims, folder_ + "/output.bin", level},
                     "", {"PIPIT_NODE_MODULES=" PIPIT_NODE_MODULES});
    EXPECT_TRUE(ran.ok()) << ran.error().text;
    EXPECT_EQ(ran->exit_code, 0) << ran->err;
    const auto output = support::read_file(folder_ + "/output.bin");
    EXPECT_TRUE(output.ok()) << output.error().text;
    std::vector<f32> values(output->size() / sizeof(f32));
    std::memcpy(values.data(), output->data(), values.size() * sizeof(f32));
    return values;
  }

  std::string folder_;
};

std::vector<f32> ours(const std::vector<u8>& onnx, const std::vector<std::vector<f32>>& samples) {
  const auto compiled = compile_model(onnx);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  auto session = Session::create(compiled->pipm);
  EXPECT_TRUE(session.ok());
  std::vector<f32> values;
  for (const auto& sample : samples) {
    const auto output = session->run(std::span<const f32>(sample));
    EXPECT_TRUE(output.ok()) << output.error().text;
    const auto real = real_values(session->model().output(0), *output);
    values.insert(values.end(), real.begin(), real.end());
  }
  return values;
}

f32 largest_difference(const std::vector<f32>& a, const std::vector<f32>& b) {
  EXPECT_EQ(a.size(), b.size());
  f32 largest = 0;
  for (usize i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::isnan(a[i] - b[i]) ? INFINITY : std::fabs(a[i] - b[i]));
  return largest;
}

/// Share of samples whose largest output has the same index.
f64 agreement(const std::vector<f32>& a, const std::vector<f32>& b, usize outputs) {
  usize same = 0;
  for (usize at = 0; at + outputs <= a.size(); at += outputs) {
    const auto best = [&](const std::vector<f32>& v) {
      const auto first = v.begin() + static_cast<std::ptrdiff_t>(at);
      return std::max_element(first, first + static_cast<std::ptrdiff_t>(outputs)) - first;
    };
    same += best(a) == best(b);
  }
  return static_cast<f64>(same) / (static_cast<f64>(a.size()) / static_cast<f64>(outputs));
}

class Fashion : public OnnxRuntime {
 protected:
  void SetUp() override {
    OnnxRuntime::SetUp();
    auto onnx = support::read_file(PIPIT_SOURCE_DIR "/examples/fashion/fashion.onnx");
    ASSERT_TRUE(onnx.ok()) << onnx.error().text;
    onnx_ = *std::move(onnx);
    for (const Split split : {Split::train, Split::test}) {
      const auto files = find_dataset("fashion-mnist", split);
      ASSERT_TRUE(files.ok()) << files.error().text;
      auto dataset = read_dataset(*files);
      ASSERT_TRUE(dataset.ok()) << dataset.error().text;
      (split == Split::train ? train_ : test_) = *std::move(dataset);
    }
    for (u32 i = 0; i < kImages; ++i) samples_.push_back(test_.input(i));
  }

  support::Result<QuantizedModel> quantized() const {
    return quantize_model(onnx_, {200, [&](u32 index) { return train_.input(index); }}, {});
  }

  static constexpr u32 kImages = 1000;
  std::vector<u8> onnx_;
  Dataset train_, test_;
  std::vector<std::vector<f32>> samples_;
};

TEST_F(Fashion, FloatAgreesToRounding) {
  const f32 difference =
      largest_difference(ours(onnx_, samples_), reference(onnx_, samples_, "1x1x28x28", "all"));
  std::printf("float, %u images: largest difference %g\n", kImages, static_cast<f64>(difference));
  EXPECT_LE(difference, 1e-4f);
}

TEST_F(Fashion, Int8AgreesToTheLastBit) {
  auto model = quantized();
  ASSERT_TRUE(model.ok()) << model.error().text;
  const f32 scale = model->activations.back().scale;
  const auto mine = ours(model->onnx, samples_);
  const auto theirs = reference(model->onnx, samples_, "1x1x28x28");
  const f32 steps = largest_difference(mine, theirs) / scale;
  const f64 same = agreement(mine, theirs, 10);
  std::printf("int8, %u images: largest difference %.2f steps, same class %.2f %%\n", kImages,
              static_cast<f64>(steps), 100 * same);
  EXPECT_LE(steps, 1.01f);
  EXPECT_GE(same, 0.995);
}

TEST_F(Fashion, Int8LosesAtMostHalfAPoint) {
  auto model = quantized();
  ASSERT_TRUE(model.ok()) << model.error().text;
  const auto real = evaluate(compile_model(onnx_)->pipm, test_, test_.count, 2);
  const auto integer = evaluate(compile_model(model->onnx)->pipm, test_, test_.count, 2);
  ASSERT_TRUE(real.ok() && integer.ok());
  std::printf("%u images: float %.2f %%, int8 %.2f %%\n", real->total, real->percent(), integer->percent());
  EXPECT_GE(real->percent(), 90.0);
  EXPECT_LE(real->percent() - integer->percent(), 0.5);
}

/// Networks with what the Fashion-MNIST classifier has not.
struct Network {
  const char* name;
  std::vector<u8> onnx;
  const char* dims;
  i64 elements;
};

std::vector<Network> networks() {
  std::vector<Network> all{{"small", testing::small_network(), "1x3x8x8", 192}};
  {
    Builder b(13, 3);
    b.input("x", {1, 4, 9, 7});
    b.random("w", {6, 2, 3, 3});
    b.random("c", {6});
    b.node(
        "Conv", {"x", "w", "c"}, "h",
        {{"group", i64{2}}, {"strides", Ints{2, 1}}, {"dilations", Ints{1, 2}}, {"pads", Ints{1, 2, 0, 1}}});
    b.node("AveragePool", {"h"}, "p",
           {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{1, 2}}});
    b.node("GlobalAveragePool", {"p"}, "g");
    b.node("Flatten", {"g"}, "f");
    b.random("v", {4, 6});
    b.node("Gemm", {"f", "v"}, "y", {{"transB", i64{1}}});
    all.push_back({"grouped, dilated, padded average", b.finish("y", {1, 4}), "1x4x9x7", 252});
  }
  {
    Builder b(13, 4);
    b.input("x", {1, 2, 6, 6});
    b.random("w", {4, 2, 1, 1});
    b.random("u", {4, 2, 3, 3});
    b.node("Conv", {"x", "w"}, "a");
    b.node("Conv", {"x", "u"}, "b", {{"pads", Ints{1, 1, 1, 1}}});
    b.node("Concat", {"a", "b"}, "k", {{"axis", i64{1}}});
    b.node("Relu", {"k"}, "r");
    b.random("m", {1, 8, 1, 1}, 0.2f, 2);
    b.node("Mul", {"r", "m"}, "s");
    b.node("MaxPool", {"s"}, "p",
           {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"ceil_mode", i64{1}}});
    b.node("ReduceMean", {"p"}, "g", {{"axes", Ints{2, 3}}, {"keepdims", i64{0}}});
    all.push_back({"branches, concat, mul, ceil mode", b.finish("g", {1, 8}), "1x2x6x6", 72});
  }
  {
    Builder b(13, 5);
    b.input("x", {1, 3, 5, 5});
    b.random("w", {8, 3, 3, 3});
    b.random("n", {8});
    b.node("Conv", {"x", "w", "n"}, "a");
    b.node("Transpose", {"a"}, "t", {{"perm", Ints{0, 2, 3, 1}}});
    b.node("Softmax", {"t"}, "y", {{"axis", i64{-1}}});
    all.push_back({"transposed output, softmax", b.finish("y", {1, 3, 3, 8}), "1x3x5x5", 75});
  }
  return all;
}

TEST_F(OnnxRuntime, AgreesOnHandBuiltNetworks) {
  for (const Network& network : networks()) {
    SCOPED_TRACE(network.name);
    Builder random(13, 77);
    std::vector<std::vector<f32>> samples;
    for (u32 i = 0; i < 50; ++i) samples.push_back(random.random_values(network.elements));
    EXPECT_LE(largest_difference(ours(network.onnx, samples),
                                 reference(network.onnx, samples, network.dims, "all")),
              1e-4f);

    auto model = quantize_model(network.onnx, {50, [&](u32 index) { return samples[index]; }}, {});
    ASSERT_TRUE(model.ok()) << model.error().text;
    f32 scale = 0;
    for (const auto& tensor : model->activations) scale = std::max(scale, tensor.scale);
    const f32 steps =
        largest_difference(ours(model->onnx, samples), reference(model->onnx, samples, network.dims)) / scale;
    std::printf("%s: int8 within %.2f steps of the widest scale\n", network.name, static_cast<f64>(steps));
    EXPECT_LE(steps, 1.01f);
  }
}

}  // namespace
}  // namespace pipit::model
