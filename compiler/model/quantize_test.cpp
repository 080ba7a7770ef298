#include "compiler/model/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/sensitivity.h"
#include "compiler/model/testing/models.h"

namespace pipit::model {
namespace {

TEST(Quantize, HoldsZeroExactlyAndCoversTheRange) {
  for (const Range range :
       {Range{-1, 3}, Range{0, 6}, Range{2, 5}, Range{-4, -1}, Range{-0.001f, 1000}, Range{0, 0}}) {
    const Quantization q = activation_quantization(range);
    ASSERT_EQ(q.scales.size(), 1u);
    const f64 scale = q.scales[0];
    const i32 zero = q.zero_points[0];
    EXPECT_GT(scale, 0);
    EXPECT_GE(zero, -128);
    EXPECT_LE(zero, 127);
    // The real values of the extreme codes reach the range to within half a step.
    EXPECT_LE((-128 - zero) * scale, std::min(range.low, 0.0f) + 0.5 * scale + 1e-6);
    EXPECT_GE((127 - zero) * scale, std::max(range.high, 0.0f) - 0.5 * scale - 1e-6);
  }
  EXPECT_EQ(activation_quantization({0, 6}).zero_points[0], -128);
  EXPECT_FLOAT_EQ(activation_quantization({0, 6}).scales[0], 6.0f / 255);
}

TEST(Quantize, ScalesWeightsPerChannelByTheirLargestMagnitude) {
  const std::vector<f32> values{0.5f, -1.27f, 0.1f, 0.2f, 0, 0};
  Tensor weights{"w", DType::f32, {3, 2}};
  weights.constant = true;
  weights.data = testing::bytes_of(values);
  const Quantization q = weight_quantization(weights, {0, 0, 0}, 1);
  EXPECT_EQ(q.axis, 0);
  EXPECT_FLOAT_EQ(q.scales[0], 0.01f);
  EXPECT_FLOAT_EQ(q.scales[1], 0.2f / 127);
  EXPECT_EQ(q.scales[2], 1);
  EXPECT_EQ(q.zero_points, (std::vector<i32>{0, 0, 0}));
}

TEST(Quantize, WidensAChannelWhoseBiasWouldNotFit) {
  Tensor weights{"w", DType::f32, {1, 1}};
  weights.constant = true;
  weights.data = testing::bytes_of(std::vector<f32>{1e-9f});
  const f32 input_scale = 0.01f, bias = 100;
  const Quantization q = weight_quantization(weights, {bias}, input_scale);
  EXPECT_LT(bias / (input_scale * q.scales[0]), 1 << 29);
}

TEST(Quantize, PercentileDropsOutliersOfTheLongerTail) {
  Histogram histogram(0, 100);
  std::vector<f32> values;
  for (u32 i = 0; i < 99'990; ++i) values.push_back(static_cast<f32>(i % 1000) / 100);  // 0 … 10
  for (u32 i = 0; i < 10; ++i) values.push_back(90 + static_cast<f32>(i));
  histogram.add(values);
  EXPECT_NEAR(histogram.percentile(99.99).high, 10, 0.1);
  EXPECT_NEAR(histogram.percentile(100).high, 100, 1);
  EXPECT_EQ(histogram.percentile(99.99).low, 0);
}

struct Outputs {
  std::vector<f32> real, integer;
  nn::TensorInfo info;
};

/// The float model's and the int8 model's answers to one sample.
Outputs both(Bytes real, Bytes integer, const std::vector<f32>& sample) {
  auto a = Session::create(real);
  auto b = Session::create(integer);
  EXPECT_TRUE(a.ok() && b.ok());
  Outputs outputs;
  outputs.real = real_values(a->model().output(0), *a->run(std::span<const f32>(sample)));
  outputs.integer = real_values(b->model().output(0), *b->run(std::span<const f32>(sample)));
  return outputs;
}

TEST(Quantize, StaysCloseToTheFloatModel) {
  const std::vector<u8> onnx = testing::small_network();
  testing::Builder random(13, 99);
  std::vector<std::vector<f32>> samples;
  for (u32 i = 0; i < 32; ++i) samples.push_back(random.random_values(3 * 8 * 8));
  const Samples calibration{32, [&](u32 index) { return samples[index]; }};
  auto quantized = quantize_model(onnx, calibration, {CalibrationMethod::min_max});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  const auto real = compile_model(onnx);
  const auto integer = compile_model(quantized->onnx);
  ASSERT_TRUE(integer.ok()) << integer.error().text;
  // Nothing but the edges may be left in float.
  for (const PlannedOperator& op : integer->operators)
    if (op.opcode != "dequantize") EXPECT_EQ(op.dtype, "i8") << op.opcode << " " << op.name;

  f64 error = 0, power = 0;
  for (const auto& sample : samples) {
    const Outputs outputs = both(real->pipm, integer->pipm, sample);
    for (usize i = 0; i < outputs.real.size(); ++i) {
      error += std::pow(outputs.real[i] - outputs.integer[i], 2);
      power += std::pow(outputs.real[i], 2);
    }
  }
  EXPECT_GT(10 * std::log10(power / error), 25.0) << "signal to quantisation noise in dB";
}

TEST(Quantize, IntegerEdgesGiveTheSameCodes) {
  const std::vector<u8> onnx = testing::small_network();
  testing::Builder random(13, 5);
  const auto sample = random.random_values(3 * 8 * 8);
  auto quantized = quantize_model(onnx, {1, [&](u32) { return sample; }}, {});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  const auto with_float = compile_model(quantized->onnx);
  CompileOptions options;
  options.integer_io = true;
  const auto with_int8 = compile_model(quantized->onnx, options);
  ASSERT_TRUE(with_int8.ok()) << with_int8.error().text;
  auto session = Session::create(with_int8->pipm);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->model().input(0).dtype, DType::i8);
  EXPECT_EQ(session->model().output(0).dtype, DType::i8);
  const Outputs outputs = both(with_float->pipm, with_int8->pipm, sample);
  EXPECT_EQ(outputs.real, outputs.integer);
}

TEST(Quantize, RefusesAModelThatIsQuantisedAlready) {
  testing::Builder random;
  const Samples samples{1, [&](u32) { return random.random_values(3 * 8 * 8); }};
  auto once = quantize_model(testing::small_network(), samples, {});
  ASSERT_TRUE(once.ok());
  auto twice = quantize_model(once->onnx, samples, {});
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().text.find("quantised already"), std::string::npos) << twice.error().text;
}

TEST(Quantize, RefusesASampleOfAnotherSize) {
  const Samples samples{1, [](u32) { return std::vector<f32>(7); }};
  auto quantized = quantize_model(testing::small_network(), samples, {});
  ASSERT_FALSE(quantized.ok());
  EXPECT_EQ(quantized.error().code, Code::invalid_argument);
}

/// A wide range with a few far outliers: entropy clips them, min-max does not.
TEST(Calibrate, EntropyClipsOutliers) {
  std::vector<f32> values;
  std::minstd_rand random(4);
  for (u32 i = 0; i < 100'000; ++i) {
    f32 sum = 0;
    for (u32 k = 0; k < 12; ++k) sum += static_cast<f32>(random() % 10'000) / 10'000.0f;
    values.push_back(sum - 6);  // nearly normal, deviation 1
  }
  values.push_back(60);
  values.push_back(-60);
  Histogram histogram(-60, 60);
  histogram.add(values);
  const Range range = histogram.entropy();
  EXPECT_LT(range.high, 15);
  EXPECT_GT(range.high, 3);
  EXPECT_FLOAT_EQ(range.low, -range.high);
}

/// What a rectifier leaves: most values are zero, which any range represents. The range is that of the
/// others.
TEST(Calibrate, EntropyIsNotDrawnToZeros) {
  std::vector<f32> values;
  std::minstd_rand random(5);
  for (u32 i = 0; i < 100'000; ++i) {
    f32 sum = 0;
    for (u32 k = 0; k < 12; ++k) sum += static_cast<f32>(random() % 10'000) / 10'000.0f;
    values.push_back(std::max(sum - 7, 0.0f));
  }
  const f32 most = *std::max_element(values.begin(), values.end());
  Histogram histogram(0, most);
  histogram.add(values);
  const Range range = histogram.entropy();
  EXPECT_GT(range.high, 0.6f * most);
  EXPECT_FLOAT_EQ(range.low, 0);
}

TEST(Calibrate, NamesAWrongShape) {
  const auto refused =
      quantize_model(testing::small_network(), {3, [](u32) { return std::vector<f32>(7); }}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_NE(refused.error().text.find(
                "a calibration sample has 7 values, the model's input 'image' 1x3x8x8 needs 192"),
            std::string::npos)
      << refused.error().text;
}

struct SmallSamples {
  std::vector<std::vector<f32>> values;
  Samples samples;
  SmallSamples() {
    testing::Builder random(13, 77);
    for (u32 i = 0; i < 64; ++i) values.push_back(random.random_values(192, 0, 1));
    samples = {64, [this](u32 index) { return values[index]; }};
  }
};

std::vector<f64> mean_outputs(const Graph& graph, const SmallSamples& small) {
  const auto compiled = compile_graph(graph);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  auto session = Session::create(compiled->pipm);
  std::vector<f64> means(5, 0);
  for (const auto& sample : small.values) {
    const auto output = real_values(session->model().output(0), *session->run(std::span<const f32>(sample)));
    for (usize i = 0; i < 5; ++i) means[i] += f64{output[i]} / 64;
  }
  return means;
}

/// Bias correction brings the mean output nearer to the float model's.
TEST(Quantize, CorrectsTheMeanError) {
  const SmallSamples small;
  const auto model = calibrate_model(testing::small_network(), small.samples, {});
  ASSERT_TRUE(model.ok()) << model.error().text;
  const auto exact = mean_outputs(model->graph, small);
  const auto error = [&](bool correct) {
    QuantizeOptions options;
    options.bias_correction = correct;
    const auto means = mean_outputs(quantize_calibrated(*model, options)->graph, small);
    f64 sum = 0;
    for (usize i = 0; i < 5; ++i) sum += (means[i] - exact[i]) * (means[i] - exact[i]);
    return std::sqrt(sum);
  };
  const f64 plain = error(false), corrected = error(true);
  std::printf("error of the mean outputs: %g, corrected %g\n", plain, corrected);
  EXPECT_LT(corrected, plain);
}

TEST(Quantize, RanksLayersAndKeepsThemFloat) {
  const SmallSamples small;
  const auto model = calibrate_model(testing::small_network(), small.samples, {});
  ASSERT_TRUE(model.ok());
  const auto losses = analyse_layers(model->graph, model->calibration, small.samples, {}, 8);
  ASSERT_TRUE(losses.ok()) << losses.error().text;
  ASSERT_EQ(losses->size(), 3u);
  for (usize i = 1; i < 3; ++i)
    EXPECT_LE((*losses)[i - 1].signal_to_noise_db, (*losses)[i].signal_to_noise_db);
  EXPECT_GT(losses->front().signal_to_noise_db, 15);
  QuantizeOptions options;
  options.keep_float = {losses->front().node};
  const auto mixed = quantize_calibrated(*model, options);
  ASSERT_TRUE(mixed.ok());
  u32 integer_layers = 0;
  for (const auto& op : compile_model(mixed->onnx)->operators)
    integer_layers += op.macs > 0 && op.dtype == "i8";
  EXPECT_EQ(integer_layers, 2u);
}

/// The shortcut of a small residual network: every other pixel. Its steps are written and read again,
/// backward ones as well.
TEST(Quantize, KeepsSlicesBetweenLayers) {
  for (const bool backward : {false, true}) {
    using testing::Ints;
    testing::Builder b(13, 3);
    const auto x = b.input("image", {1, 3, 8, 8});
    b.random("w", {4, 3, 1, 1});
    b.random("b", {4});
    b.node("Conv", {x, "w", "b"}, "c", {{"kernel_shape", Ints{1, 1}}});
    const i64 least = std::numeric_limits<i64>::min();
    b.integers("starts", backward ? Ints{7, 6} : Ints{0, 1});
    b.integers("ends", backward ? Ints{least, least} : Ints{8, 8});
    b.integers("axes", {2, 3});
    b.integers("steps", backward ? Ints{-2, -2} : Ints{2, 2});
    b.node("Slice", {"c", "starts", "ends", "axes", "steps"}, "s");
    b.random("v", {2, 4, 1, 1});
    b.random("d", {2});
    b.node("Conv", {"s", "v", "d"}, "y", {{"kernel_shape", Ints{1, 1}}});
    const auto onnx = b.finish("y", {1, 2, 4, 4});
    const SmallSamples small;
    const auto quantized = quantize_model(onnx, small.samples, {});
    ASSERT_TRUE(quantized.ok()) << quantized.error().text;
    const auto real_file = compile_model(onnx), integer_file = compile_model(quantized->onnx);
    ASSERT_TRUE(real_file.ok() && integer_file.ok());
    auto real = Session::create(real_file->pipm), integer = Session::create(integer_file->pipm);
    ASSERT_TRUE(real.ok() && integer.ok());
    const auto sample = small.samples.at(0);
    const Bytes input(reinterpret_cast<const u8*>(sample.data()), sample.size() * sizeof(f32));
    const auto values = [&](Session& session) {
      const Bytes bytes = *session.run(input);
      std::vector<f32> out(bytes.size() / sizeof(f32));
      std::memcpy(out.data(), bytes.data(), bytes.size());
      return out;
    };
    const auto expected = values(*real), got = values(*integer);
    ASSERT_EQ(expected.size(), got.size());
    f32 largest = 0;
    for (const f32 value : expected) largest = std::max(largest, std::abs(value));
    for (usize i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 0.05f * largest) << i;
  }
}

TEST(Quantize, DynamicStaysNearTheFloatModel) {
  const SmallSamples small;
  CompileOptions options;
  options.dynamic = true;
  const auto real = compile_model(testing::small_network());
  const auto dynamic = compile_model(testing::small_network(), options);
  ASSERT_TRUE(real.ok() && dynamic.ok()) << dynamic.error().text;
  EXPECT_LT(dynamic->pipm.size(), real->pipm.size());
  auto a = Session::create(real->pipm);
  auto b = Session::create(dynamic->pipm);
  f64 signal = 0, noise = 0;
  for (const auto& sample : small.values) {
    const auto x = real_values(a->model().output(0), *a->run(std::span<const f32>(sample)));
    const auto y = real_values(b->model().output(0), *b->run(std::span<const f32>(sample)));
    for (usize i = 0; i < x.size(); ++i) {
      signal += f64{x[i]} * x[i];
      noise += (f64{x[i]} - y[i]) * (f64{x[i]} - y[i]);
    }
  }
  EXPECT_GT(10 * std::log10(signal / noise), 30);
}

}  // namespace
}  // namespace pipit::model
