#include "nn/kernels/quantize/quantize.h"

#include <gtest/gtest.h>

#include "nn/testing/random.h"

namespace pipit::nn {
namespace {

using namespace testing;

TEST(Quantize, ThereAndBackLosesAtMostHalfAStep) {
  Random random(1);
  const f32 scale = 0.037f;
  const i32 zero = -11;
  const auto in = random.reals(1000, -4, 4);
  std::vector<i8> q(in.size());
  std::vector<f32> back(in.size());
  quantize_f32(in.data(), static_cast<u32>(in.size()), scale, zero, q.data());
  dequantize_i8(q.data(), static_cast<u32>(q.size()), scale, zero, back.data());
  for (usize i = 0; i < in.size(); ++i) ASSERT_NEAR(back[i], in[i], scale / 2 * 1.0001f);
}

TEST(Quantize, DequantizeIsOneExactProduct) {
  const std::vector<i8> in{-128, 0, 127};
  std::vector<f32> out(3);
  dequantize_i8(in.data(), 3, 0.1f, 5, out.data());
  EXPECT_EQ(out, (std::vector<f32>{0.1f * -133.0f, 0.1f * -5.0f, 0.1f * 122.0f}));
}

TEST(Quantize, RequantizeIsBitExact) {
  for (u32 seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const i32 in_zero = random.integer(-128, 127), out_zero = random.integer(-128, 127);
    const format::Rescale factor = random.factor(-3, 2);
    auto values = random.int8s(256);
    const auto in = values;
    requantize_i8(values.data(), 256, in_zero, factor, out_zero, format::Clamp::of(-127, 126), values.data());
    for (u32 i = 0; i < 256; ++i)
      ASSERT_EQ(values[i], exact_requantize(in[i] - in_zero, factor, out_zero, -127, 126));
  }
}

}  // namespace
}  // namespace pipit::nn
