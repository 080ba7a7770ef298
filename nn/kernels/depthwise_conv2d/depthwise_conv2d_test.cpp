#include "nn/kernels/depthwise_conv2d/depthwise_conv2d.h"

#include <gtest/gtest.h>

#include "nn/testing/random.h"
#include "nn/testing/window_cases.h"

namespace pipit::nn {
namespace {

using namespace testing;

template <class Tap>
void naive_taps(const WindowShape& s, u32 n, u32 y, u32 x, u32 o, Tap tap) {
  for (u32 ky = 0; ky < s.kernel_h; ++ky)
    for (u32 kx = 0; kx < s.kernel_w; ++kx) {
      const i64 pixel = naive_pixel(s, n, y, x, ky, kx);
      tap(pixel < 0 ? -1 : pixel * s.in_c + o / (s.out_c / s.in_c), (ky * s.kernel_w + kx) * s.out_c + o);
    }
}

WindowShape random_depthwise(Random& random) {
  const i32 channels = random.integer(1, 11);
  return random_window(random, channels, channels * random.integer(1, 3));
}

TEST(DepthwiseConv2d, F32EqualsANaiveSumInDouble) {
  for (u32 seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const WindowShape s = random_depthwise(random);
    const auto input = random.reals(input_size(s));
    const auto weights = random.reals(s.kernel_h * s.kernel_w * s.out_c);
    const auto bias = random.reals(s.out_c);
    std::vector<f32> output(output_size(s));
    depthwise_conv2d_f32(
        {s, input.data(), weights.data(), bias.data(), format::Clamp::of(0.0f, 6.0f), output.data()});
    for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 o, u32 index) {
      f64 sum = bias[o];
      naive_taps(s, n, y, x, o, [&](i64 in, u32 w) { sum += in < 0 ? 0 : f64{input[in]} * weights[w]; });
      ASSERT_NEAR(output[index], sum < 0 ? 0 : sum > 6 ? 6 : sum, 1e-4);
    });
  }
}

void expect_bit_exact(const WindowShape& s, Random& random, bool bounded, bool any_factor) {
  const i32 in_zero = random.integer(-128, 127), out_zero = random.integer(-128, 127);
  const i32 low = bounded ? -100 : -128, high = bounded ? 90 : 127;
  const auto input = random.int8s(input_size(s));
  const auto weights = random.int8s(s.kernel_h * s.kernel_w * s.out_c);
  const auto bias = random.int32s(s.out_c, -20000, 20000);
  const auto factors = any_factor ? random.factors(s.out_c, -31, 1) : random.factors(s.out_c, -10, -3);
  std::vector<i8> output(output_size(s));
  depthwise_conv2d_i8({s, input.data(), in_zero, weights.data(), bias.data(), factors.data(), out_zero,
                       format::Clamp::of(low, high), output.data()});
  for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 o, u32 index) {
    i64 sum = bias[o];
    naive_taps(s, n, y, x, o,
               [&](i64 in, u32 w) { sum += (in < 0 ? in_zero : input[in]) * i64{weights[w]}; });
    ASSERT_EQ(output[index], exact_requantize(sum, factors[o], out_zero, low, high));
  });
}

TEST(DepthwiseConv2d, I8IsBitExact) {
  for (u32 seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const WindowShape s = random_depthwise(random);
    expect_bit_exact(s, random, seed % 2 == 0, seed % 3 == 0);
  }
}

// What nearly every depthwise layer is; widths beyond what kernels hold at a time.
TEST(DepthwiseConv2d, I8IsBitExactFor3x3) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 channels = 4 * static_cast<u32>(random.integer(1, 3));
    WindowShape s = random_window(random, static_cast<i32>(channels), static_cast<i32>(channels), 1);
    s.kernel_h = s.kernel_w = 3;
    s.in_h = static_cast<u32>(random.integer(3, 9));
    s.in_w = static_cast<u32>(seed % 4 == 0 ? random.integer(45, 120) : random.integer(3, 14));
    s.out_h = window_extent(s.in_h, 3, s.window.stride_h, 1, s.window.pad_top, s.window.pad_bottom);
    s.out_w = window_extent(s.in_w, 3, s.window.stride_w, 1, s.window.pad_left, s.window.pad_right);
    expect_bit_exact(s, random, seed % 2 == 0, seed % 3 == 0);
  }
}

}  // namespace
}  // namespace pipit::nn
