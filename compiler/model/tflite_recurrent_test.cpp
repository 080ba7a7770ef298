// Layers that remember, of every element type, against TensorFlow Lite: models of one layer with random
// weights.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/endian.h"
#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/test_tflite.h"
#include "compiler/model/test_tflite_oracle.h"

namespace pipit::model {
namespace {

using testing::Flat;
using testing::LiteBuilder;
using testing::LiteScale;
using testing::LiteType;

constexpr i32 kSvdf = 27, kLstm = 44, kQuantize = 114;
constexpr u8 kSvdfOptions = 6, kLstmOptions = 71;
constexpr i8 kRelu = 1, kTanh = 4;
constexpr u32 kSteps = 24;

class Values {
 public:
  explicit Values(u32 seed) : random_(seed) {}
  template <class T>
  std::vector<T> integers(usize count, i32 most) {
    std::vector<T> values(count);
    for (T& value : values)
      value = static_cast<T>(static_cast<i32>(random_() % (2 * static_cast<u32>(most) + 1)) - most);
    return values;
  }
  std::vector<f32> reals(usize count, f32 most) {
    std::vector<f32> values;
    for (i32 value : integers<i32>(count, 10'000)) values.push_back(most * static_cast<f32>(value) / 10'000);
    return values;
  }

 private:
  std::minstd_rand random_;
};

template <class T>
std::vector<u8> bytes_of(const std::vector<T>& values) {
  const u8* first = reinterpret_cast<const u8*>(values.data());
  return {first, first + values.size() * sizeof(T)};
}

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

/// 10 inputs, 12 filters of 5 steps, two of them an output.
std::vector<u8> svdf(LiteType type, Values& values) {
  LiteBuilder b;
  const bool real = type == LiteType::f32;
  const auto scale = [&](f32 s, i64 zero = 0) { return real ? LiteScale{} : LiteScale{{s}, {zero}}; };
  const i32 x = b.tensor("x", type, {2, 10}, scale(0.03f, -7));
  const i32 y = b.tensor("y", type, {2, 6}, scale(0.05f, -12));
  const LiteType wide = real ? LiteType::f32 : LiteType::i16, whole = real ? LiteType::f32 : LiteType::i32;
  const i32 feature = real ? b.constant("f", type, {12, 10}, values.reals(120, 1))
                           : b.constant("f", type, {12, 10}, values.integers<i8>(120, 127), scale(0.008f));
  const i32 time = real ? b.constant("t", wide, {12, 5}, values.reals(60, 1))
                        : b.constant("t", wide, {12, 5}, values.integers<i16>(60, 20'000), scale(0.00003f));
  const i32 bias = real ? b.constant("b", whole, {6}, values.reals(6, 1))
                        : b.constant("b", whole, {6}, values.integers<i32>(6, 10'000'000), scale(1.2e-8f));
  const i32 state = b.variable("s", wide, {2, 60}, scale(0.0004f));
  b.node(kSvdf, {x, feature, time, bias, state}, {y}, kSvdfOptions,
         Flat::table().scalar(0, i32{2}).scalar(1, kRelu));
  return b.finish({x}, {y});
}

/// 7 inputs, 9 units, three steps an inference.
std::vector<u8> lstm(f32 clip, bool time_major, Values& values) {
  LiteBuilder b;
  const std::vector<i32> sequence = time_major ? std::vector<i32>{3, 2, 7} : std::vector<i32>{2, 3, 7};
  const i32 x = b.tensor("x", LiteType::f32, sequence);
  const i32 y = b.tensor("y", LiteType::f32, {sequence[0], sequence[1], 9});
  std::vector<i32> operands{x};
  for (i32 gate = 0; gate < 4; ++gate)
    operands.push_back(b.constant("w", LiteType::f32, {9, 7}, values.reals(63, 1)));
  for (i32 gate = 0; gate < 4; ++gate)
    operands.push_back(b.constant("r", LiteType::f32, {9, 9}, values.reals(81, 1)));
  operands.insert(operands.end(), 3, -1);
  for (i32 gate = 0; gate < 4; ++gate)
    operands.push_back(b.constant("b", LiteType::f32, {9}, values.reals(9, 1)));
  operands.insert(operands.end(), 2, -1);
  operands.push_back(b.variable("h", LiteType::f32, {2, 9}));
  operands.push_back(b.variable("c", LiteType::f32, {2, 9}));
  operands.insert(operands.end(), 4, -1);
  b.node(kLstm, operands, {y}, kLstmOptions,
         Flat::table().scalar(0, kTanh).scalar(1, clip).scalar(2, 0.0f).scalar(3, u8{time_major}));
  return b.finish({x}, {y});
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
