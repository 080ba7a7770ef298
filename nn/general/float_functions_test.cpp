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

constexpr f32 kInfinite = std::numeric_limits<f32>::infinity();

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

TEST(FloatFunctions, TurnAsTheStandardDoesAndRoundOnce) {
  constexpr f64 kOnce = 0.501;  // of a unit: the nearest float, but for ties
  for (const f64 reach : {0.01, 4.0, 3000.0, 5e6, 1e20, 3e38}) {
    EXPECT_LT(worst_error(Unary::sin, std::sin, -reach, reach), kOnce) << reach;
    EXPECT_LT(worst_error(Unary::cos, std::cos, -reach, reach), kOnce) << reach;
    EXPECT_LT(worst_error(Unary::tan, std::tan, -reach, reach), kOnce) << reach;
    EXPECT_LT(worst_error(Unary::atan, std::atan, -reach, reach), kOnce) << reach;
    EXPECT_LT(worst_error(Unary::asinh, std::asinh, -reach, reach), kOnce) << reach;
    EXPECT_LT(worst_error(Unary::acosh, std::acosh, 1, 1 + reach), kOnce) << reach;
  }
  EXPECT_LT(worst_error(Unary::asin, std::asin, -1, 1), kOnce);
  EXPECT_LT(worst_error(Unary::acos, std::acos, -1, 1), kOnce);
  for (const f64 reach : {0.01, 1.0, 88.0}) {
    EXPECT_LT(worst_error(Unary::sinh, std::sinh, -reach, reach), kOnce) << reach;
    EXPECT_LT(worst_error(Unary::cosh, std::cosh, -reach, reach), kOnce) << reach;
  }
  for (const f64 reach : {0.002, 0.5, 0.9999999})
    EXPECT_LT(worst_error(Unary::atanh, std::atanh, -reach, reach), kOnce) << reach;
}

TEST(FloatFunctions, LeaveWhatDivisionLeaves) {
  for (u64 bits = 0; bits < 0xFF80'0000; bits += 9973 * 511) {
    const f32 x = std::bit_cast<f32>(static_cast<u32>(bits));
    for (u64 other = 1; other < 0xFF80'0000; other += 9967 * 1023) {
      const f32 y = std::bit_cast<f32>(static_cast<u32>(other));
      if (x != x || y != y || std::isinf(x) || y == 0) continue;
      EXPECT_EQ(std::bit_cast<u32>(remainder(x, y)), std::bit_cast<u32>(std::fmod(x, y)))
          << static_cast<f64>(x) << " by " << static_cast<f64>(y);
    }
  }
  EXPECT_EQ(remainder(5, kInfinite), 5);
  EXPECT_TRUE(std::isnan(remainder(kInfinite, 5)) && std::isnan(remainder(5, 0)));
  EXPECT_EQ(modulo(-7, 3), 2);
  EXPECT_EQ(modulo(7, -3), -2);
  EXPECT_EQ(modulo(-6, 3), 0);
}

TEST(FloatFunctions, TakeRootsAndLogarithmsOfSumsThatNoFloatHolds) {
  EXPECT_FLOAT_EQ(root_of_sum(1e60), 1e30f);
  EXPECT_FLOAT_EQ(root_of_sum(1e-60), 1e-30f);
  EXPECT_FLOAT_EQ(root_of_sum(9), 3);
  EXPECT_FLOAT_EQ(log_of_sum(1e40), 92.103404f);
  EXPECT_EQ(exp_below(-kInfinite, -kInfinite), 1);
  EXPECT_EQ(exp_below(3, 3), 1);
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
       {Unary::sin, Unary::tan, Unary::asin, Unary::atan, Unary::sinh, Unary::asinh, Unary::atanh})
    EXPECT_EQ(std::bit_cast<u32>(at(kind, -0.0f)), 0x8000'0000u) << static_cast<int>(kind);
  for (Unary kind : {Unary::sin, Unary::cos, Unary::tan})
    EXPECT_TRUE(std::isnan(at(kind, kInfinity))) << static_cast<int>(kind);
  EXPECT_TRUE(std::isnan(at(Unary::asin, 1.5f)) && std::isnan(at(Unary::acosh, 0.5f)));
  EXPECT_EQ(at(Unary::atanh, 1), kInfinity);
  EXPECT_EQ(at(Unary::sinh, -200), -kInfinity);
  for (Unary kind : {Unary::exp, Unary::log, Unary::sqrt, Unary::tanh, Unary::erf, Unary::sigmoid,
                     Unary::floor, Unary::sin, Unary::cos, Unary::tan, Unary::asin, Unary::acos, Unary::atan,
                     Unary::sinh, Unary::cosh, Unary::asinh, Unary::acosh, Unary::atanh})
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
