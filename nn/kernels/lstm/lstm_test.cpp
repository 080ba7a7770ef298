#include "nn/kernels/lstm/lstm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "nn/fixed_point.h"
#include "nn/kernels/lstm/q15.h"

namespace pipit::nn {
namespace {

TEST(Q15, SigmoidIsWithinSevenSteps) {
  f64 worst = 0;
  for (i32 x = -32768; x <= 32767; ++x)
    worst =
        std::max(worst, std::fabs(q15::sigmoid(static_cast<i16>(x)) - 32768 / (1 + std::exp(-x / 4096.0))));
  EXPECT_LE(worst, 7);
  EXPECT_EQ(q15::sigmoid(0), 16384);
}

TEST(Q15, TanhIsWithinThirteenStepsForEveryFormat) {
  for (u32 bits = 0; bits <= 6; ++bits) {
    f64 worst = 0;
    for (i32 x = -32767; x <= 32767; ++x) {
      const f64 exact = 32768 * std::tanh(x * std::ldexp(1.0, static_cast<int>(bits) - 15));
      worst = std::max(worst, std::fabs(q15::tanh(static_cast<i16>(x), bits) - exact));
      ASSERT_EQ(q15::tanh(static_cast<i16>(x), bits), -q15::tanh(static_cast<i16>(-x), bits));
    }
    EXPECT_LE(worst, 13) << bits;
  }
}

constexpr LstmShape kShape{5, 2, 3, 4, false};

/// The definition in double precision, from real weights.
struct Definition {
  LstmShape shape;
  std::vector<f64> weights, recurrent, bias;
  std::vector<f64> hidden, cell;
  f64 clip = 0;

  std::vector<f64> run(const std::vector<f64>& x) {
    const auto sigmoid = [](f64 v) { return 1 / (1 + std::exp(-v)); };
    std::vector<f64> out(usize{shape.steps} * shape.batch * shape.units);
    for (u32 t = 0; t < shape.steps; ++t)
      for (u32 n = 0; n < shape.batch; ++n) {
        const usize row = shape.time_major ? t * shape.batch + n : n * shape.steps + t;
        std::vector<f64> gates(4 * shape.units);
        for (u32 g = 0; g < gates.size(); ++g) {
          gates[g] = bias[g];
          for (u32 i = 0; i < shape.inputs; ++i)
            gates[g] += weights[g * shape.inputs + i] * x[row * shape.inputs + i];
          for (u32 i = 0; i < shape.units; ++i)
            gates[g] += recurrent[g * shape.units + i] * hidden[n * shape.units + i];
        }
        for (u32 u = 0; u < shape.units; ++u) {
          f64& c = cell[n * shape.units + u];
          c = sigmoid(gates[shape.units + u]) * c + sigmoid(gates[u]) * std::tanh(gates[2 * shape.units + u]);
          if (clip > 0) c = std::min(std::max(c, -clip), clip);
          hidden[n * shape.units + u] = out[row * shape.units + u] =
              sigmoid(gates[3 * shape.units + u]) * std::tanh(c);
        }
      }
    return out;
  }
};

template <class T>
std::vector<T> random_values(std::minstd_rand& random, usize count, i32 most) {
  std::vector<T> values(count);
  for (T& value : values)
    value = static_cast<T>(static_cast<i32>(random() % (2 * static_cast<u32>(most) + 1)) - most);
  return values;
}
template <class T>
std::vector<f64> reals(const std::vector<T>& values, f64 scale, i32 zero = 0) {
  std::vector<f64> real;
  for (T value : values) real.push_back(scale * (static_cast<f64>(value) - zero));
  return real;
}

void check_floats(LstmShape shape, f32 clip) {
  std::minstd_rand random(3);
  auto values = [&](usize count) {
    auto all = random_values<f32>(random, count, 1500);
    for (f32& value : all) value /= 1000;
    return all;
  };
  const usize units = shape.units, states = usize{shape.batch} * units;
  const auto weights = values(4 * units * shape.inputs), recurrent = values(4 * units * units),
             bias = values(4 * units);
  Definition definition{shape,
                        reals(weights, 1),
                        reals(recurrent, 1),
                        reals(bias, 1),
                        std::vector<f64>(states),
                        std::vector<f64>(states),
                        clip};
  std::vector<f32> hidden(states), cell(states), out(states * shape.steps);
  for (u32 run = 0; run < 3; ++run) {  // states carry over
    const auto x = values(usize{shape.steps} * shape.batch * shape.inputs);
    lstm_f32({shape, x.data(), weights.data(), recurrent.data(), bias.data(), hidden.data(), cell.data(),
              clip, out.data()});
    const auto expected = definition.run(reals(x, 1));
    for (usize i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 3e-6) << run << ' ' << i;
  }
}
TEST(Lstm, FloatsFollowTheDefinition) { check_floats(kShape, 0); }
TEST(Lstm, TimeMajorSequencesAndClippedCells) { check_floats({4, 3, 2, 5, true}, 0.4f); }

TEST(Lstm, IntegersFollowTheDefinition) {
  std::minstd_rand random(4);
  const usize units = kShape.units, states = usize{kShape.batch} * units;
  constexpr f64 kX = 0.02, kW = 0.01, kR = 0.01, kHidden = 1.0 / 128;
  constexpr i32 kXZero = 4, kHiddenZero = -6;
  constexpr u32 kCellBits = 12;
  const auto weights = random_values<i8>(random, 4 * units * kShape.inputs, 127),
             recurrent = random_values<i8>(random, 4 * units * units, 127);
  const auto bias = random_values<i32>(random, 4 * units, 3000);
  Definition definition{kShape,
                        reals(weights, kW),
                        reals(recurrent, kR),
                        reals(bias, kX * kW),
                        std::vector<f64>(states),
                        std::vector<f64>(states)};
  std::vector<i32> folded(8 * units);
  for (usize g = 0; g < 4 * units; ++g) {
    folded[g] = bias[g];
    for (u32 i = 0; i < kShape.inputs; ++i) folded[g] -= kXZero * weights[g * kShape.inputs + i];
    for (u32 i = 0; i < units; ++i) folded[4 * units + g] -= kHiddenZero * recurrent[g * units + i];
  }
  format::LstmAttributes how{};
  how.cell_bits = kCellBits;
  for (u32 gate = 0; gate < kGates; ++gate) {
    how.input[gate] = rescale_of(kX * kW * 4096);
    how.recurrent[gate] = rescale_of(kR * kHidden * 4096);
  }
  how.hidden = rescale_of(std::ldexp(1.0, -30) / kHidden);
  std::vector<i8> hidden(states, kHiddenZero), out(states * kShape.steps);
  std::vector<i16> cell(states);
  for (u32 run = 0; run < 3; ++run) {
    const auto x = random_values<i8>(random, usize{kShape.steps} * kShape.batch * kShape.inputs, 120);
    lstm_i8({kShape, x.data(), weights.data(), recurrent.data(), folded.data(), hidden.data(), cell.data(),
             how, kHiddenZero, out.data()});
    const auto expected = definition.run(reals(x, kX, kXZero));
    // A hidden state is rounded to 1/128; what that changes in the next step is damped by the gates.
    for (usize i = 0; i < out.size(); ++i)
      ASSERT_NEAR(out[i], expected[i] / kHidden + kHiddenZero, 2.5) << run << ' ' << i;
  }
}

TEST(Lstm, IntegerCellsAreClipped) {
  const i8 x[] = {127}, weights[] = {127, 127, 127, 127}, recurrent[] = {0, 0, 0, 0};
  const i32 bias[8] = {};
  i8 hidden[1] = {}, out[1];
  i16 cell[1] = {};
  format::LstmAttributes how{};
  how.cell_bits = 11;
  for (u32 gate = 0; gate < kGates; ++gate) how.input[gate] = how.recurrent[gate] = rescale_of(2.0);
  how.hidden = rescale_of(std::ldexp(1.0, -30) * 128);
  for (i32 clip : {0, 100}) {
    cell[0] = 0;
    how.quantized_clip = clip;
    for (u32 step = 0; step < 3; ++step)
      lstm_i8({{1, 1, 1, 1, false}, x, weights, recurrent, bias, hidden, cell, how, 0, out});
    if (clip == 0)
      EXPECT_GT(cell[0], 5000);
    else
      EXPECT_EQ(cell[0], 100);
  }
}

}  // namespace
}  // namespace pipit::nn
