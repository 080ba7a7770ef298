#include "nn/kernels/conv2d/conv2d.h"

#include <gtest/gtest.h>

#include "nn/testing/model_builder.h"
#include "nn/testing/random.h"
#include "nn/testing/window_cases.h"

namespace pipit::nn {
namespace {

using namespace testing;

/// Calls tap(input index, weight index) for every tap of one output value; input index −1 in the padding.
template <class Tap>
void naive_taps(const WindowShape& s, u32 n, u32 y, u32 x, u32 o, Tap tap) {
  for (u32 ky = 0; ky < s.kernel_h; ++ky)
    for (u32 kx = 0; kx < s.kernel_w; ++kx)
      for (u32 c = 0; c < s.in_c; ++c) {
        const i64 pixel = naive_pixel(s, n, y, x, ky, kx);
        tap(pixel < 0 ? -1 : pixel * s.in_c + c, ((o * s.kernel_h + ky) * s.kernel_w + kx) * s.in_c + c);
      }
}

TEST(Conv2d, F32EqualsANaiveSumInDouble) {
  for (u32 seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const WindowShape s = random_window(random, random.integer(1, 6), random.integer(1, 5));
    const auto input = random.reals(input_size(s));
    const auto weights = random.reals(s.out_c * s.kernel_h * s.kernel_w * s.in_c);
    const auto bias = random.reals(s.out_c);
    std::vector<f32> output(output_size(s));
    conv2d_f32({s, input.data(), weights.data(), bias.data(), format::Clamp::of(-1.0f, 2.0f), output.data()});
    for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 o, u32 index) {
      f64 sum = bias[o];
      naive_taps(s, n, y, x, o,
                 [&](i64 in, u32 weight) { sum += in < 0 ? 0 : f64{input[in]} * weights[weight]; });
      ASSERT_NEAR(output[index], sum < -1 ? -1 : sum > 2 ? 2 : sum, 1e-4);
    });
  }
}

TEST(Conv2d, I8IsBitExact) {
  for (u32 seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const WindowShape s =
        random_window(random, seed % 5 == 0 ? 70 : random.integer(1, 9), random.integer(1, 5));
    const i32 in_zero = random.integer(-128, 127), out_zero = random.integer(-128, 127);
    const bool bounded = seed % 2 == 0;
    const i32 low = bounded ? random.integer(-128, 0) : -128, high = bounded ? random.integer(0, 127) : 127;
    const auto input = random.int8s(input_size(s));
    const auto weights = random.int8s(s.out_c * s.kernel_h * s.kernel_w * s.in_c);
    const auto bias = random.int32s(s.out_c, -100000, 100000);
    const auto factors = seed % 3 == 0 ? random.factors(s.out_c, -31, 1) : random.factors(s.out_c, -12, -4);
    std::vector<i8> output(output_size(s));
    conv2d_i8({s, input.data(), in_zero, weights.data(), bias.data(), factors.data(), out_zero,
               format::Clamp::of(low, high), output.data()});
    for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 o, u32 index) {
      i64 sum = bias[o];
      naive_taps(s, n, y, x, o,
                 [&](i64 in, u32 w) { sum += (in < 0 ? in_zero : input[in]) * i64{weights[w]}; });
      ASSERT_EQ(output[index], exact_requantize(sum, factors[o], out_zero, low, high));
    });
  }
}

// What the compiler promises when it folds the zero point into the bias: padding is a real zero.
TEST(Conv2d, I8WithFoldedBiasFollowsTheRealConvolution) {
  Random random(5);
  const WindowShape s = random_window(random, 4, 3);
  const f32 in_scale = 0.04f, weight_scale = 0.01f, out_scale = 0.1f;
  const i32 in_zero = 17, out_zero = -9;
  const auto input = random.int8s(input_size(s));
  const auto weights = random.int8s(s.out_c * s.kernel_h * s.kernel_w * s.in_c);
  const u32 per_channel = s.kernel_h * s.kernel_w * s.in_c;
  std::vector<i32> bias(s.out_c);
  for (u32 o = 0; o < s.out_c; ++o)
    for (u32 i = 0; i < per_channel; ++i) bias[o] -= in_zero * weights[o * per_channel + i];
  const std::vector<format::Rescale> factors(s.out_c, rescale_of(f64{in_scale} * weight_scale / out_scale));
  std::vector<i8> output(output_size(s));
  conv2d_i8({s, input.data(), in_zero, weights.data(), bias.data(), factors.data(), out_zero, kNoClampI8,
             output.data()});
  for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 o, u32 index) {
    f64 real = 0;
    naive_taps(s, n, y, x, o, [&](i64 in, u32 w) {
      real += in < 0 ? 0 : f64{in_scale} * (input[in] - in_zero) * weight_scale * weights[w];
    });
    const f64 wanted = std::min(127.0, std::max(-128.0, real / out_scale + out_zero));
    ASSERT_NEAR(output[index], wanted, 0.501);
  });
}

TEST(Conv2d, I8HoldsTheLargestSums) {
  const u32 channels = format::kMaxAccumulation;
  const std::vector<i8> input(channels, -128), weights(channels, -128);
  const std::vector<i32> bias{format::kMaxBias};
  const std::vector<format::Rescale> factors{{1 << 30, -24}};
  const WindowShape s{1, 1, 1, channels, 1, 1, 1, 1, 1, {1, 1, 1, 1, 0, 0, 0, 0}};
  i8 output = 0;
  conv2d_i8({s, input.data(), 0, weights.data(), bias.data(), factors.data(), 0, kNoClampI8, &output});
  EXPECT_EQ(output, 64);  // (2^30 + 2^30 − 1) / 2^25
}

}  // namespace
}  // namespace pipit::nn
