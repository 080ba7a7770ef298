#include "nn/kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "nn/testing/random.h"

namespace pipit::nn {
namespace {

using namespace testing;

TEST(ExpNegative, IsCloseToTheExponential) {
  for (u32 i = 0; i < 23500; ++i) {
    const f32 x = -0.0037f * static_cast<f32>(i);
    const f64 wanted = std::exp(f64{x});
    ASSERT_LT(std::abs(exp_negative(x) - wanted) / wanted, 2e-7) << x;
  }
}

// Goldens: a device that prints other bits has other floating point.
TEST(ExpNegative, HasTheseBits) {
  EXPECT_EQ(std::bit_cast<u32>(exp_negative(0.0f)), 0x3F800000u);
  EXPECT_EQ(std::bit_cast<u32>(exp_negative(-1.0f)), std::bit_cast<u32>(0.36787945f));
  EXPECT_EQ(exp_negative(-88.0f), 0);
  EXPECT_EQ(exp_negative(-std::numeric_limits<f32>::infinity()), 0);
  EXPECT_EQ(exp_negative(std::nanf("")), 0);
}

TEST(Softmax, F32EqualsDoubleAndSumsToOne) {
  for (u32 seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 rows = random.integer(1, 4), columns = random.integer(1, 20);
    auto values = random.reals(rows * columns, -30, 30);
    const auto in = values;
    softmax_f32(values.data(), rows, columns, values.data());
    for (u32 row = 0; row < rows; ++row) {
      f64 sum = 0;
      for (u32 c = 0; c < columns; ++c) sum += std::exp(f64{in[row * columns + c]});
      for (u32 c = 0; c < columns; ++c)
        ASSERT_NEAR(values[row * columns + c], std::exp(f64{in[row * columns + c]}) / sum, 1e-6);
    }
  }
}

TEST(Softmax, I8IsTheQuantisedQuotient) {
  for (u32 seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 columns = random.integer(1, 20);
    const f32 scale = random.real(0.01f, 0.3f);
    auto values = random.int8s(columns);
    const auto in = values;
    softmax_i8(values.data(), 1, columns, scale, 1.0f / 256, -128, values.data());
    f64 sum = 0;
    for (const i8 q : in) sum += std::exp(f64{scale} * q);
    for (u32 c = 0; c < columns; ++c) {
      const f64 wanted = std::min(127.0, std::exp(f64{scale} * in[c]) / sum * 256 - 128);
      ASSERT_NEAR(values[c], wanted, 0.501);
    }
  }
}

}  // namespace
}  // namespace pipit::nn
