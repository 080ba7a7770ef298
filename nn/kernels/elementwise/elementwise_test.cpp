#include "nn/kernels/elementwise/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/testing/model_builder.h"
#include "nn/testing/random.h"

namespace pipit::nn {
namespace {

using namespace testing;

TEST(Elementwise, F32AddsMultipliesAndClamps) {
  const std::vector<f32> a{1, 2, 3, 4, 5, 6}, b{10, -10};
  std::vector<f32> out(6);
  add_f32(a.data(), 6, b.data(), 2, format::Clamp::of(-6.0f, 14.0f), out.data());
  EXPECT_EQ(out, (std::vector<f32>{11, -6, 13, -6, 14, -4}));
  mul_f32(a.data(), 6, b.data(), 2, kNoClampF32, out.data());
  EXPECT_EQ(out, (std::vector<f32>{10, -20, 30, -40, 50, -60}));
  clamp_f32(a.data(), 6, format::Clamp::of(2.5f, 4.5f), out.data());
  EXPECT_EQ(out, (std::vector<f32>{2.5f, 2.5f, 3, 4, 4.5f, 4.5f}));
}

TEST(Elementwise, WorksInPlace) {
  std::vector<f32> a{1, 2, 3};
  add_f32(a.data(), 3, a.data(), 3, kNoClampF32, a.data());
  EXPECT_EQ(a, (std::vector<f32>{2, 4, 6}));
}

TEST(Elementwise, I8ClampKeepsValuesWithin) {
  const std::vector<i8> in{-128, -5, 0, 5, 127};
  std::vector<i8> out(5);
  clamp_i8(in.data(), 5, format::Clamp::of(-5, 4), out.data());
  EXPECT_EQ(out, (std::vector<i8>{-5, -5, 0, 4, 4}));
}

TEST(Elementwise, I8MulIsBitExact) {
  for (u32 seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 b_count = random.integer(1, 9), count = b_count * random.integer(1, 5);
    const ZeroPoints zero{random.integer(-128, 127), random.integer(-128, 127), random.integer(-128, 127)};
    const format::RescaleAttributes how{random.factor(-12, -4), format::Clamp::of(-120, 127)};
    const auto a = random.int8s(count), b = random.int8s(b_count);
    std::vector<i8> out(count);
    mul_i8(a.data(), count, b.data(), b_count, zero, how, out.data());
    for (u32 i = 0; i < count; ++i)
      ASSERT_EQ(out[i], exact_requantize(i64{a[i] - zero.a} * (b[i % b_count] - zero.b), how.rescale,
                                         zero.out, -120, 127));
  }
}

TEST(Elementwise, I8AddIsBitExactAndCloseToTheRealSum) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 b_count = random.integer(1, 9), count = b_count * random.integer(1, 5);
    const ZeroPoints zero{random.integer(-128, 127), random.integer(-128, 127), random.integer(-128, 127)};
    const f64 scale_a = random.real(0.01f, 1), scale_b = random.real(0.01f, 1),
              scale_out = random.real(0.01f, 1);
    const f64 m = 2 * std::max(scale_a, scale_b);
    const format::AddAttributes how{rescale_of(scale_a / m), rescale_of(scale_b / m),
                                    rescale_of(m / ((1 << 20) * scale_out)), kNoClampI8};
    ASSERT_LE(how.a.shift, 0);
    ASSERT_LE(how.b.shift, 0);
    const auto a = random.int8s(count), b = random.int8s(b_count);
    std::vector<i8> out(count);
    add_i8(a.data(), count, b.data(), b_count, zero, how, out.data());
    for (u32 i = 0; i < count; ++i) {
      const i32 x = a[i] - zero.a, y = b[i % b_count] - zero.b;
      const i64 sum = exact_rescale(i64{x} << 20, how.a) + exact_rescale(i64{y} << 20, how.b);
      ASSERT_EQ(out[i], exact_requantize(sum, how.out, zero.out, -128, 127));
      const f64 real = (x * scale_a + y * scale_b) / scale_out + zero.out;
      ASSERT_NEAR(out[i], std::min(127.0, std::max(-128.0, real)), 0.51);
    }
  }
}

}  // namespace
}  // namespace pipit::nn
