// Against the processor's own arithmetic.
#include "base/soft_double.h"

#include <gtest/gtest.h>

#include <random>

namespace pipit::soft_double {
namespace {

u64 bits(f64 value) {
  const u64 pattern = std::bit_cast<u64>(value);
  return is_nan(pattern) ? kNotANumber : pattern;
}

void expect_same(u64 a, u64 b) {
  const volatile f64 x = std::bit_cast<f64>(a), y = std::bit_cast<f64>(b);
  ASSERT_EQ(add(a, b), bits(x + y)) << x << " + " << y;
  ASSERT_EQ(multiply(a, b), bits(x * y)) << x << " * " << y;
  ASSERT_EQ(divide(a, b), bits(x / y)) << x << " / " << y;
}

/// What rounding and the ends of the range are sensitive to.
std::vector<u64> edges() {
  std::vector<u64> out;
  for (const u64 fraction : {u64{0}, u64{1}, u64{2}, kFraction, kFraction - 1, kFraction >> 1, u64{1} << 51,
                             (u64{1} << 51) + 1, u64{3} << 50, u64{0x5555'5555'5555}})
    for (const u64 e : {0, 1, 2, 52, 53, 54, 1021, 1022, 1023, 1024, 1075, 1076, 2045, 2046, 2047})
      for (const u64 sign : {u64{0}, kSign}) out.push_back(sign | e << 52 | fraction);
  return out;
}

TEST(SoftDouble, EdgesAreAsTheProcessorHasThem) {
  const auto all = edges();
  for (const u64 a : all)
    for (const u64 b : all) expect_same(a, b);
}

TEST(SoftDouble, RandomNumbersAreToo) {
  std::mt19937_64 random(7);
  for (u32 i = 0; i < 100'000; ++i) {
    const u64 a = random(), b = random();
    expect_same(a, b);
    // Close together, where sums cancel and shifts are short.
    const u64 near = (a & (kSign | kInfinity)) | (b & kFraction);
    expect_same(a, near);
    expect_same(a, near ^ kSign);
    expect_same(a, near + ((b >> 60) << 52));
    // Few bits, whose results lie halfway between two numbers.
    expect_same(a & ~(kFraction >> (i % 40)), b & ~(kFraction >> (i % 37)));
  }
}

TEST(SoftDouble, SmallResultsRoundOnce) {
  std::mt19937_64 random(8);
  for (u32 i = 0; i < 60'000; ++i) {
    const u64 tiny = random() & (kSign | kFraction);
    const u64 half = (random() & kFraction) | u64{1022 - i % 60} << 52;
    expect_same(tiny, half);
    expect_same((random() & kFraction) | u64{i % 600} << 52,
                (random() & kFraction) | u64{1023 - i % 700} << 52);
  }
}

TEST(SoftDouble, IntegersRound) {
  std::mt19937_64 random(9);
  for (u32 i = 0; i < 60'000; ++i) {
    const u64 value = random() >> (i % 64);
    ASSERT_EQ(from_integer(0, value), bits(static_cast<f64>(value))) << value;
  }
  EXPECT_EQ(from_integer(0, 0), 0u);
  EXPECT_EQ(from_integer(kSign, 5), bits(-5.0));
}

}  // namespace
}  // namespace pipit::soft_double
