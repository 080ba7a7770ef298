#include "nn/kernels/svdf/svdf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <random>
#include <vector>

#include "nn/fixed_point.h"
#include "nn/nn.h"
#include "nn/testing/model_builder.h"

namespace pipit::nn {
namespace {

using format::Clamp;
using format::Opcode;
using testing::ModelBuilder;

constexpr SvdfShape kShape{2, 5, 6, 4, 3};
constexpr u32 kUnits = kShape.filters / kShape.rank;

template <class T>
std::vector<T> random_values(std::minstd_rand& random, usize count, i32 most) {
  std::vector<T> values(count);
  for (T& value : values)
    value = static_cast<T>(static_cast<i32>(random() % (2 * static_cast<u32>(most) + 1)) - most);
  return values;
}

/// The definition, with every filter's history kept as a list of its own.
class Definition {
 public:
  Definition(std::vector<f64> feature, std::vector<f64> time, std::vector<f64> bias)
      : feature_(std::move(feature)),
        time_(std::move(time)),
        bias_(std::move(bias)),
        history_(kShape.batch * kShape.filters, std::deque<f64>(kShape.memory, 0.0)) {}

  std::vector<f64> step(const std::vector<f64>& x) {
    std::vector<f64> out;
    for (u32 n = 0; n < kShape.batch; ++n)
      for (u32 unit = 0; unit < kUnits; ++unit) {
        f64 sum = bias_[unit];
        for (u32 f = unit * kShape.rank; f < (unit + 1) * kShape.rank; ++f) {
          auto& history = history_[n * kShape.filters + f];
          history.pop_front();
          f64 newest = 0;
          for (u32 i = 0; i < kShape.inputs; ++i)
            newest += feature_[f * kShape.inputs + i] * x[n * kShape.inputs + i];
          history.push_back(newest);
          for (u32 m = 0; m < kShape.memory; ++m) sum += time_[f * kShape.memory + m] * history[m];
        }
        out.push_back(sum);
      }
    return out;
  }

 private:
  std::vector<f64> feature_, time_, bias_;
  std::vector<std::deque<f64>> history_;
};

template <class T>
std::vector<f64> reals(const std::vector<T>& values, f64 scale, i32 zero = 0) {
  std::vector<f64> real;
  for (T value : values) real.push_back(scale * (static_cast<f64>(value) - zero));
  return real;
}

TEST(Svdf, FloatsFollowTheDefinition) {
  std::minstd_rand random(1);
  auto weights = [&](usize count) {
    auto values = random_values<f32>(random, count, 1000);
    for (f32& value : values) value /= 1000;
    return values;
  };
  const auto feature = weights(kShape.filters * kShape.inputs),
             time = weights(kShape.filters * kShape.memory), bias = weights(kUnits);
  Definition definition(reals(feature, 1), reals(time, 1), reals(bias, 1));
  std::vector<f32> state(kShape.batch * kShape.filters * kShape.memory), out(kShape.batch * kUnits);
  for (u32 step = 0; step < 9; ++step) {
    const auto x = weights(kShape.batch * kShape.inputs);
    svdf_f32({kShape, x.data(), feature.data(), time.data(), bias.data(), state.data(),
              Clamp::of(-0.5f, 1.0f), out.data()});
    const auto expected = definition.step(reals(x, 1));
    for (usize i = 0; i < out.size(); ++i)
      EXPECT_NEAR(out[i], std::min(std::max(expected[i], -0.5), 1.0), 1e-5) << step << ' ' << i;
  }
}

template <class T>
void check_integers(f64 state_scale, i32 state_zero, f64 out_scale) {
  std::minstd_rand random(2);
  constexpr f64 kX = 0.02, kFeature = 0.01, kTime = 0.01;
  // Twelve products of a state that is rounded by half a step, by at most 1; then the output is rounded.
  const f64 tolerance = 12 * 0.5 * state_scale / out_scale + 0.51;
  constexpr i32 kXZero = -3, kOutZero = 5;
  const auto feature = random_values<i8>(random, kShape.filters * kShape.inputs, 127);
  const auto time = random_values<T>(random, kShape.filters * kShape.memory, 100);
  const auto bias = random_values<i32>(random, kUnits, 200);
  Definition definition(reals(feature, kFeature), reals(time, kTime), reals(bias, state_scale * kTime));
  std::vector<T> state(kShape.batch * kShape.filters * kShape.memory, static_cast<T>(state_zero));
  std::vector<i8> out(kShape.batch * kUnits);
  for (u32 step = 0; step < 9; ++step) {
    const auto x = random_values<i8>(random, kShape.batch * kShape.inputs, 120);
    svdf_i8<T>({kShape, x.data(), kXZero, feature.data(), time.data(), bias.data(), state.data(), state_zero,
                rescale_of(kX * kFeature / state_scale), rescale_of(state_scale * kTime / out_scale),
                kOutZero, out.data()});
    const auto expected = definition.step(reals(x, kX, kXZero));
    for (usize i = 0; i < out.size(); ++i)
      EXPECT_NEAR(out[i], std::min(std::max(expected[i] / out_scale + kOutZero, -128.0), 127.0), tolerance)
          << step << ' ' << i;
  }
}
TEST(Svdf, IntegersOf16BitsFollowTheDefinition) { check_integers<i16>(0.0005, 0, 0.05); }
TEST(Svdf, IntegersOf8BitsFollowTheDefinition) { check_integers<i8>(0.15, -7, 0.6); }

std::vector<u8> model(i32 memory_dim, bool state) {
  ModelBuilder builder;
  const u32 x = builder.activation(DType::i8, {1, 2}, 1.0f),
            out = builder.activation(DType::i8, {1, 1}, 1.0f, -10);
  const u32 feature = builder.constant<i8>(DType::i8, {1, 2}, {1, 2}, 1.0f),
            time = builder.constant<i8>(DType::i8, {1, 3}, {1, 2, 4}, 1.0f),
            bias = builder.constant<i32>(DType::i32, {1}, {1});
  const u32 kept = state ? builder.state(DType::i8, {1, static_cast<u32>(memory_dim)}, 1.0f, -5)
                         : builder.activation(DType::i8, {1, 3}, 1.0f, -5);
  const format::Rescale one{1 << 30, 1};
  builder.op(Opcode::svdf, {x, feature, time, bias, kept}, out,
             format::SvdfAttributes{1, one, one, testing::kNoClampI8});
  return builder.build(state ? ModelBuilder::Ids{x} : ModelBuilder::Ids{x, kept}, {out});
}

TEST(Svdf, RemembersFromInferenceToInference) {
  const std::vector<u8> file = model(3, true);
  const auto loaded = PlannedModel::load(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  alignas(16) u8 arena[256];
  for (u8& byte : arena) byte = 0x55;
  auto executor = Executor::create(*loaded, arena);
  ASSERT_TRUE(executor.ok());
  const auto run = [&](i8 a, i8 b) {
    const i8 x[] = {a, b};
    EXPECT_TRUE(executor->set_input(0, DType::i8, {reinterpret_cast<const u8*>(x), 2}).ok());
    EXPECT_TRUE(executor->run().ok());
    return static_cast<i8>(executor->output(0)[0]);
  };
  // 1 + time · (the last three of a + 2 b) − 10.
  EXPECT_EQ(run(1, 1), 3 * 4 - 9);
  EXPECT_EQ(run(0, 1), 3 * 2 + 2 * 4 - 9);
  EXPECT_EQ(run(0, 0), 3 * 1 + 2 * 2 - 9);
  EXPECT_EQ(run(0, 0), 2 * 1 - 9);
  executor->forget();
  EXPECT_EQ(run(1, 1), 3 * 4 - 9);
}

TEST(Svdf, RefusesAnythingButAStateOfItsSize) {
  const std::vector<u8> small = model(2, true), activation = model(3, false);
  EXPECT_STREQ(PlannedModel::load(small).error().message,
               "svdf state does not hold what its filters remember");
  EXPECT_STREQ(PlannedModel::load(activation).error().message,
               "svdf state does not hold what its filters remember");
}

TEST(Svdf, StatesLieAtTheArenasEnd) {
  std::vector<u8> file = model(3, true);
  u32 state = 0;
  while (ModelBuilder::tensor_of(file, state).placement != static_cast<u8>(format::Placement::state)) ++state;
  format::TensorRecord& record = ModelBuilder::tensor_of(file, state);
  record.offset -= 16;  // onto the activations
  ModelBuilder::seal(file);
  EXPECT_STREQ(PlannedModel::load(file).error().message, "state outside the arena's end");
  record.offset += 32;  // beyond
  ModelBuilder::seal(file);
  EXPECT_STREQ(PlannedModel::load(file).error().message, "state outside the arena's end");
  record.offset -= 16;
  ModelBuilder::tensor_of(file, 1).offset = record.offset;  // an activation onto the state
  ModelBuilder::seal(file);
  EXPECT_STREQ(PlannedModel::load(file).error().message, "tensor outside the arena");
}

}  // namespace
}  // namespace pipit::nn
