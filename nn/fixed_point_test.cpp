#include "nn/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/testing/random.h"

namespace pipit::nn {
namespace {

using format::Rescale;
using testing::exact_rescale;
using testing::Random;

TEST(Rescale, RoundsHalfTowardsPlusInfinity) {
  const Rescale half{1 << 30, 0};
  EXPECT_EQ(rescale(4, half), 2);
  EXPECT_EQ(rescale(5, half), 3);
  EXPECT_EQ(rescale(-5, half), -2);
  EXPECT_EQ(rescale(-7, half), -3);
  EXPECT_EQ(rescale(123, {0, 0}), 0);
}

TEST(Rescale, SaturatesInsteadOfOverflowing) {
  const Rescale large{0x7FFFFFFF, 30};
  EXPECT_EQ(rescale(std::numeric_limits<i32>::max(), large), 1 << 30);
  EXPECT_EQ(rescale(std::numeric_limits<i32>::min(), large), -(1 << 30));
  EXPECT_EQ(rescale(std::numeric_limits<i32>::min(), {0x7FFFFFFF, -31}), -1);
}

TEST(Rescale, EqualsTheExactValueOfTheFormat) {
  Random random(11);
  for (int round = 0; round < 200000; ++round) {
    const i32 bits = random.integer(1, 31);
    const i32 x = random.integer(-0x7FFFFFFF, 0x7FFFFFFF) >> (31 - bits);
    const Rescale factor = random.factor(-31, 30);
    ASSERT_EQ(rescale(x, factor), exact_rescale(x, factor))
        << x << " " << factor.multiplier << " " << factor.shift;
  }
}

TEST(Rescale, OfADoubleIsTheNearestFactor) {
  Random random(12);
  for (int round = 0; round < 10000; ++round) {
    const f64 wanted = std::ldexp(1.0 + random.real(0, 1), random.integer(-31, 28));
    const Rescale factor = rescale_of(wanted);
    ASSERT_TRUE(is_valid(factor));
    const f64 got = std::ldexp(static_cast<f64>(factor.multiplier), factor.shift - 31);
    ASSERT_NEAR(got / wanted, 1.0, std::ldexp(1.0, -31));
  }
}

TEST(Rescale, OfExtremesIsValid) {
  for (const f64 factor : {0.0, -1.0, 1e-30, 1e30, 1.0, 0.9999999999999999, std::nan("")})
    EXPECT_TRUE(is_valid(rescale_of(factor))) << factor;
  EXPECT_EQ(rescale(1000, rescale_of(1.0)), 1000);
  EXPECT_EQ(rescale(1000, rescale_of(0.9999999999999999)), 1000);
  EXPECT_EQ(rescale_of(1e-30).multiplier, 0);
}

TEST(Rescale, RefusesFactorsThatAreNotNormalised) {
  EXPECT_FALSE(is_valid({(1 << 30) - 1, 0}));
  EXPECT_FALSE(is_valid({-(1 << 30), 0}));
  EXPECT_FALSE(is_valid({1 << 30, 31}));
  EXPECT_FALSE(is_valid({1 << 30, -32}));
  EXPECT_TRUE(is_valid({1 << 30, -31}));
}

TEST(QuantizeValue, RoundsHalfToEven) {
  EXPECT_EQ(quantize_value(0.5f, 1, 0), 0);
  EXPECT_EQ(quantize_value(1.5f, 1, 0), 2);
  EXPECT_EQ(quantize_value(2.5f, 1, 0), 2);
  EXPECT_EQ(quantize_value(-0.5f, 1, 3), 3);
  EXPECT_EQ(quantize_value(-1.5f, 1, 0), -2);
}

TEST(QuantizeValue, SaturatesAndSurvivesEveryFloat) {
  const f32 infinity = std::numeric_limits<f32>::infinity();
  EXPECT_EQ(quantize_value(infinity, 0.1f, 0), 127);
  EXPECT_EQ(quantize_value(-infinity, 0.1f, 0), -128);
  EXPECT_EQ(quantize_value(std::nanf(""), 0.1f, 127), -128);
  EXPECT_EQ(quantize_value(3e38f, 1e-30f, -128), 127);
  EXPECT_EQ(quantize_value(200.0f, 1, -128), 72);
}

TEST(QuantizeValue, AgreesWithTheMathLibrary) {
  Random random(13);
  for (int round = 0; round < 100000; ++round) {
    const f32 x = random.real(-300, 300), scale = random.real(0.01f, 3);
    const i32 zero = random.integer(-128, 127);
    const f64 rounded = std::nearbyint(static_cast<f64>(x / scale)) + zero;
    const f64 wanted = rounded < -128 ? -128 : rounded > 127 ? 127 : rounded;
    ASSERT_EQ(quantize_value(x, scale, zero), wanted) << x << " / " << scale;
  }
}

}  // namespace
}  // namespace pipit::nn
