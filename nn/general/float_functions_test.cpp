#include "nn/general/float_functions.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace pipit::nn::general {
namespace {

/// Units of the last place that our function is away from the platform's in double precision, at most, over
/// evenly spaced x.
f64 worst_error(Unary kind, f64 (*reference)(f64), f64 low, f64 high) {
  const FloatFunction f = float_function(kind).f;
  f64 worst = 0;
  constexpr int kPoints = 100'000;
  for (int i = 0; i <= kPoints; ++i) {
    const f32 x = static_cast<f32>(low + (high - low) * i / kPoints);
    const f64 exact = reference(static_cast<f64>(x));
    if (std::fabs(exact) < 1e-37) continue;  // subnormal, or 0
    const f64 unit = std::ldexp(1.0, std::ilogb(exact) - 23);
    worst = std::fmax(worst, std::fabs(static_cast<f64>(f(x, 0, 0)) - exact) / unit);
  }
  return worst;
}

f64 sigmoid(f64 x) { return 1 / (1 + std::exp(-x)); }
f64 softplus(f64 x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

TEST(FloatFunctions, AreWithinFiveUnitsOfTheLastPlace) {
  EXPECT_LT(worst_error(Unary::exp, std::exp, -87, 88.7), 1.5);
  EXPECT_LT(worst_error(Unary::log, std::log, 1e-6, 4), 2.5);
  EXPECT_LT(worst_error(Unary::log, std::log, 1, 1e30), 1.0);
  EXPECT_LT(worst_error(Unary::tanh, std::tanh, -9, 9), 5);
  EXPECT_LT(worst_error(Unary::erf, std::erf, -4, 4), 4);
  EXPECT_LT(worst_error(Unary::erf, std::erf, -0.01, 0.01), 4);
  EXPECT_LT(worst_error(Unary::sigmoid, sigmoid, -80, 20), 4);
  EXPECT_LT(worst_error(Unary::softplus, softplus, -20, 20), 5);
}

TEST(FloatFunctions, AreExactWhereTheStandardIs) {
  for (u64 bits = 0; bits < 0xFF80'0000; bits += 9973) {
    const f32 x = std::bit_cast<f32>(static_cast<u32>(bits));
    if (x != x) continue;
    const auto same = [&](Unary kind, f32 expected) {
      const f32 actual = float_function(kind).f(x, 0, 0);
      EXPECT_EQ(std::bit_cast<u32>(actual), std::bit_cast<u32>(expected)) << static_cast<f64>(x);
    };
    same(Unary::floor, std::floor(x));
    same(Unary::ceil, std::ceil(x));
    same(Unary::round, std::nearbyint(x));
    same(Unary::absolute, std::fabs(x));
    if (x >= 0) same(Unary::sqrt, std::sqrt(x));
  }
}

TEST(FloatFunctions, KnowTheEdges) {
  constexpr f32 kInfinity = std::numeric_limits<f32>::infinity(),
                kNone = std::numeric_limits<f32>::quiet_NaN();
  const auto at = [](Unary kind, f32 x) { return float_function(kind).f(x, 0, 0); };
  EXPECT_EQ(at(Unary::exp, kInfinity), kInfinity);
  EXPECT_EQ(at(Unary::exp, -kInfinity), 0);
  EXPECT_GT(at(Unary::exp, -103), 0);  // subnormal
  EXPECT_EQ(at(Unary::log, 0), -kInfinity);
  EXPECT_EQ(at(Unary::log, kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(at(Unary::log, -1)) && std::isnan(at(Unary::sqrt, -1)));
  EXPECT_EQ(at(Unary::sigmoid, -kInfinity), 0);
  EXPECT_EQ(at(Unary::tanh, kInfinity), 1);
  EXPECT_EQ(at(Unary::erf, -kInfinity), -1);
  EXPECT_TRUE(std::signbit(at(Unary::tanh, -0.0f)));
  for (Unary kind :
       {Unary::exp, Unary::log, Unary::sqrt, Unary::tanh, Unary::erf, Unary::sigmoid, Unary::floor})
    EXPECT_TRUE(std::isnan(at(kind, kNone))) << static_cast<int>(kind);
}

TEST(FloatFunctions, RaiseToPowers) {
  EXPECT_EQ(power(3, 4), 81);
  EXPECT_EQ(power(-2, 3), -8);
  EXPECT_EQ(power(2, -2), 0.25f);
  EXPECT_EQ(power(0, 0), 1);
  EXPECT_TRUE(std::isnan(power(-2, 0.5f)));
  EXPECT_NEAR(power(10, 2.5f), 316.22778f, 1e-3);
  EXPECT_NEAR(power(0.001f, 0.75f), 5.623413e-3f, 1e-8);
}

}  // namespace
}  // namespace pipit::nn::general
