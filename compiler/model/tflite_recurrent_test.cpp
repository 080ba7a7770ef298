// Layers that remember, of every element type, against TensorFlow Lite: models of one layer with random
// weights.
#include <gtest/gtest.h>

#include <cmath>

#include "base/endian.h"
#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/testing/recurrent.h"
#include "compiler/model/testing/tflite_oracle.h"

namespace pipit::model {
namespace {

using testing::bytes_of;
using testing::Flat;
using testing::LiteBuilder;
using testing::LiteType;
using testing::lstm;
using testing::svdf;
using testing::Values;

constexpr i32 kQuantize = 114;
constexpr u32 kSteps = 24;

/// Our outputs of all samples, one after the other.
std::vector<u8> ours(const std::vector<u8>& model, const std::vector<u8>& samples) {
  std::vector<u8> all;
  auto compiled = compile_model(model);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  if (!compiled.ok()) return all;
  auto session = Session::create(compiled->pipm);
  EXPECT_TRUE(session.ok()) << session.error().text;
  const usize size = session->model().input(0).bytes;
  for (usize at = 0; at < samples.size(); at += size) {
    const auto output = session->run(Bytes(samples).subspan(at, size));
    EXPECT_TRUE(output.ok()) << output.error().text;
    all.insert(all.end(), output->begin(), output->end());
  }
  return all;
}

std::vector<u8> tflites(const std::vector<u8>& model, const std::vector<u8>& samples) {
  const std::string path = ::testing::TempDir() + "recurrent." + std::to_string(getpid()) + ".tflite";
  EXPECT_TRUE(support::write_file(path, model).ok());
  auto output = testing::run_tflite(path, samples);
  std::filesystem::remove(path);
  return output;
}

void expect_equal_integers(const std::vector<u8>& model, const std::vector<u8>& samples) {
  const auto a = ours(model, samples), b = tflites(model, samples);
  ASSERT_EQ(a.size(), b.size());
  std::set<u8> distinct(a.begin(), a.end());
  EXPECT_GT(distinct.size(), 20u) << "the model hardly computes";
  u32 different = 0;
  for (usize i = 0; i < a.size(); ++i) different += a[i] != b[i];
  std::printf("%u of %zu elements differ\n", different, a.size());
  EXPECT_EQ(different, 0u);
}

void expect_equal_floats(const std::vector<u8>& model, const std::vector<u8>& samples) {
  const auto a = ours(model, samples), b = tflites(model, samples);
  ASSERT_EQ(a.size(), b.size());
  f32 worst = 0, largest = 0;
  for (usize i = 0; i + 4 <= a.size(); i += 4) {
    worst = std::max(worst, std::fabs(load_le<f32>(&a[i]) - load_le<f32>(&b[i])));
    largest = std::max(largest, std::fabs(load_le<f32>(&b[i])));
  }
  std::printf("largest difference %.2g of %.2g\n", static_cast<f64>(worst), static_cast<f64>(largest));
  EXPECT_GT(largest, 0.1f);
  EXPECT_LT(worst, 1e-5f * largest);
}

class TfliteRecurrent : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(PIPIT_TESTDATA))
      GTEST_SKIP() << "no test data, and with it no TensorFlow Lite";
    ASSERT_TRUE(testing::has_tflite());
  }
};

TEST_F(TfliteRecurrent, IntegerSvdf) {
  Values values(11);
  const auto model = svdf(LiteType::i8, values);
  expect_equal_integers(model, bytes_of(values.integers<i8>(kSteps * 20, 127)));
}

TEST_F(TfliteRecurrent, FloatSvdf) {
  Values values(12);
  const auto model = svdf(LiteType::f32, values);
  expect_equal_floats(model, bytes_of(values.reals(kSteps * 20, 2)));
}

TEST_F(TfliteRecurrent, FloatLstm) {
  Values values(13);
  const auto model = lstm(0, false, values);
  expect_equal_floats(model, bytes_of(values.reals(kSteps * 42, 2)));
}

TEST_F(TfliteRecurrent, FloatLstmOfTimeMajorSequencesWithClippedCells) {
  Values values(14);
  const auto model = lstm(0.5f, true, values);
  expect_equal_floats(model, bytes_of(values.reals(kSteps * 42, 2)));
}

TEST_F(TfliteRecurrent, RequantisesBetweenIntegerTypes) {
  Values values(15);
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::i16, {1, 64}, {{0.0007f}, {0}}),
            y = b.tensor("y", LiteType::i8, {1, 64}, {{0.1f}, {-20}});
  b.node(kQuantize, {x}, {y}, 0, Flat::table());
  expect_equal_integers(b.finish({x}, {y}), bytes_of(values.integers<i16>(kSteps * 64, 32767)));
}

}  // namespace
}  // namespace pipit::model
