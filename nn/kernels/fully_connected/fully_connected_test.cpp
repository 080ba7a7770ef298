#include "nn/kernels/fully_connected/fully_connected.h"

#include <gtest/gtest.h>

#include "nn/testing/random.h"

namespace pipit::nn {
namespace {

using namespace testing;

TEST(FullyConnected, F32EqualsANaiveSumInDouble) {
  for (u32 seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 batch = random.integer(1, 3), inputs = random.integer(1, 70), outputs = random.integer(1, 9);
    const auto input = random.reals(batch * inputs), weights = random.reals(outputs * inputs);
    const auto bias = random.reals(outputs);
    std::vector<f32> output(usize{batch} * outputs);
    fully_connected_f32({batch, inputs, outputs, input.data(), weights.data(), bias.data(),
                         format::Clamp::of(-2.0f, 3.0f), output.data()});
    for (u32 n = 0; n < batch; ++n)
      for (u32 o = 0; o < outputs; ++o) {
        f64 sum = bias[o];
        for (u32 i = 0; i < inputs; ++i) sum += f64{input[n * inputs + i]} * weights[o * inputs + i];
        ASSERT_NEAR(output[n * outputs + o], sum < -2 ? -2 : sum > 3 ? 3 : sum, 1e-4);
      }
  }
}

TEST(FullyConnected, I8IsBitExact) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 batch = random.integer(1, 3), inputs = random.integer(1, 70), outputs = random.integer(1, 9);
    const i32 zero = random.integer(-128, 127);
    const auto input = random.int8s(batch * inputs), weights = random.int8s(outputs * inputs);
    const auto bias = random.int32s(outputs, -50000, 50000);
    const auto factors = random.factors(outputs, -11, -5);
    std::vector<i8> output(usize{batch} * outputs);
    fully_connected_i8({batch, inputs, outputs, input.data(), weights.data(), bias.data(), factors.data(),
                        zero, format::Clamp::of(-128, 100), output.data()});
    for (u32 n = 0; n < batch; ++n)
      for (u32 o = 0; o < outputs; ++o) {
        i64 sum = bias[o];
        for (u32 i = 0; i < inputs; ++i) sum += i64{input[n * inputs + i]} * weights[o * inputs + i];
        ASSERT_EQ(output[n * outputs + o], exact_requantize(sum, factors[o], zero, -128, 100));
      }
  }
}

}  // namespace
}  // namespace pipit::nn
