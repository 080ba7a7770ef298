#include "nn/kernels/wide/wide.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "nn/fixed_point.h"

namespace pipit::nn {
namespace {

TEST(Wide, RescalesWithin16BitMultipliers) {
  u32 seed = 5;
  for (u32 round = 0; round < 100'000; ++round) {
    seed = seed * 1664525 + 1013904223;
    const i64 acc = static_cast<i32>(seed) * i64{40};
    const f64 factor = std::ldexp(1.0 + (seed >> 8 & 0xFFFF) / 65536.0, -20 - static_cast<int>(seed % 8));
    const f64 exact = static_cast<f64>(acc) * factor;
    EXPECT_NEAR(rescale_wide(acc, rescale_of(factor)), exact, 0.51 + std::fabs(exact) / 32768) << acc;
  }
  EXPECT_EQ(rescale_wide(3, {1 << 30, 0}), 2);    // 1.5 rounds up
  EXPECT_EQ(rescale_wide(-3, {1 << 30, 0}), -1);  // −1.5 as well
}

TEST(Wide, RoundsTwice) {
  EXPECT_EQ(rescale_twice(3, {1 << 30, 0}), 2);
  EXPECT_EQ(rescale_twice(-3, {1 << 30, 0}), -1);   // −1.5 up by the multiplication
  EXPECT_EQ(rescale_twice(-6, {1 << 30, -1}), -2);  // −3, then −1.5 away from zero by the shift
  EXPECT_EQ(rescale_twice(100, {1 << 30, 3}), 400);
  EXPECT_EQ(rescale_twice(7, {1 << 30, -1}), 2);              // 1.75
  EXPECT_EQ(rescale_twice(1 << 30, {1 << 30, 30}), 1 << 30);  // saturates to 2^31 − 1 before
  for (i32 x = -40'000; x < 40'000; x += 7)
    EXPECT_NEAR(rescale_twice(x, rescale_of(0.0123)), x * 0.0123, 1.0) << x;
}

TEST(Wide, TransposedConvolutionScatters) {
  // One channel, 2 × 1 pixels, a kernel of 3 × 1 and stride 2: pixels reach outputs 0 … 2 and 2 … 4.
  const i16 input[] = {100, 1000};
  const i8 weights[] = {1, 2, 3};
  const i64 bias[] = {5};
  const format::Rescale one[] = {rescale_of(1.0)};
  i16 out[5];
  const WindowShape shape{1, 2, 1, 1, 5, 1, 1, 3, 1, {2, 1, 1, 1, 0, 0, 0, 0}};
  transpose_conv2d_wide(
      {shape, input, weights, reinterpret_cast<const u8*>(bias), one, format::Clamp::of(-32768, 32767), out});
  const i16 expected[] = {105, 205, 1305, 2005, 3005};
  for (u32 i = 0; i < 5; ++i) EXPECT_EQ(out[i], expected[i]) << i;
}

TEST(Wide, AddsInACommonScale) {
  const i16 a[] = {1000, -1000, 32767, -32768}, b[] = {500, 500};
  const format::AddAttributes how{rescale_of(0.5), rescale_of(0.25), rescale_of(2.0 / 32768),
                                  format::Clamp::of(-32768, 32767)};
  i16 out[4];
  add_wide(a, 4, b, 2, false, how, out);  // a + b / 2
  EXPECT_EQ(out[0], 1250);
  EXPECT_EQ(out[1], -750);
  EXPECT_EQ(out[2], 32767);
  EXPECT_EQ(out[3], -32518);
  add_wide(a, 4, b, 2, true, how, out);
  EXPECT_EQ(out[0], 750);
  EXPECT_EQ(out[3], -32768);
}

}  // namespace
}  // namespace pipit::nn
