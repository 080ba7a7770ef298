#include "nn/kernels/pool/pool.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/testing/random.h"
#include "nn/testing/window_cases.h"

namespace pipit::nn {
namespace {

using namespace testing;

WindowShape random_pool(Random& random) {
  const i32 channels = random.integer(1, 6);
  return random_window(random, channels, channels, 1, true);
}

struct Naive {
  f64 sum = 0;
  f64 greatest = -1e30;
  u32 inside = 0;
};

template <class T>
Naive naive_pool(const WindowShape& s, const std::vector<T>& input, u32 n, u32 y, u32 x, u32 c) {
  Naive result;
  for (u32 ky = 0; ky < s.kernel_h; ++ky)
    for (u32 kx = 0; kx < s.kernel_w; ++kx) {
      const i64 pixel = naive_pixel(s, n, y, x, ky, kx);
      if (pixel < 0) continue;
      const f64 value = input[pixel * s.in_c + c];
      result.sum += value;
      result.greatest = std::max(result.greatest, value);
      ++result.inside;
    }
  return result;
}

TEST(Pool2d, F32EqualsNaivePooling) {
  for (u32 seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const WindowShape s = random_pool(random);
    const bool include = seed % 2 == 0;
    const auto input = random.reals(input_size(s));
    std::vector<f32> greatest(output_size(s)), mean(greatest.size());
    max_pool2d({s, input.data(), false, 0, -0.9f, 0.8f, greatest.data()});
    average_pool2d({s, input.data(), include, 0, -0.5f, 0.5f, mean.data()});
    for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 c, u32 index) {
      const Naive naive = naive_pool(s, input, n, y, x, c);
      ASSERT_EQ(greatest[index], static_cast<f32>(std::min(f64{0.8f}, std::max(f64{-0.9f}, naive.greatest))));
      const f64 average = naive.sum / (include ? s.kernel_h * s.kernel_w : naive.inside);
      ASSERT_NEAR(mean[index], std::min(0.5, std::max(-0.5, average)), 1e-5);
    });
  }
}

TEST(Pool2d, I8IsExact) {
  for (u32 seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const WindowShape s = random_pool(random);
    const bool include = seed % 2 == 0;
    const i8 zero = static_cast<i8>(random.integer(-128, 127));
    const auto input = random.int8s(input_size(s));
    std::vector<i8> greatest(output_size(s)), mean(greatest.size());
    max_pool2d({s, input.data(), false, zero, i8{-128}, i8{127}, greatest.data()});
    average_pool2d({s, input.data(), include, zero, i8{-100}, i8{110}, mean.data()});
    for_each_naive_output(s, [&](u32 n, u32 y, u32 x, u32 c, u32 index) {
      const Naive naive = naive_pool(s, input, n, y, x, c);
      ASSERT_EQ(greatest[index], naive.greatest);
      const u32 count = include ? s.kernel_h * s.kernel_w : naive.inside;
      const f64 average =
          std::round((naive.sum + f64(count - naive.inside) * zero) / count);  // half away from zero
      ASSERT_EQ(mean[index], std::min(110.0, std::max(-100.0, average)));
    });
  }
}

TEST(Pool2d, DilatedMaximumReadsOnlyItsTaps) {
  const std::vector<i8> row{1, 50, 2, 60, 3};
  i8 output[1] = {};
  const WindowShape s{1, 1, 5, 1, 1, 1, 1, 1, 3, {1, 1, 1, 2, 0, 0, 0, 0}};
  max_pool2d({s, row.data(), false, 0, i8{-128}, i8{127}, output});
  EXPECT_EQ(output[0], 3);
}

TEST(GlobalAveragePool, F32IsTheMean) {
  const std::vector<f32> input{1, 10, 2, 20, 3, 60};
  f32 output[2];
  global_average_pool_f32({1, 3, 2, input.data(), format::Clamp::of(0.0f, 25.0f), output});
  EXPECT_EQ(output[0], 2);
  EXPECT_EQ(output[1], 25);
}

TEST(GlobalAveragePool, I8IsBitExact) {
  for (u32 seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 batch = random.integer(1, 2), pixels = random.integer(1, 60), channels = random.integer(1, 8);
    const i32 in_zero = random.integer(-128, 127), out_zero = random.integer(-128, 127);
    const auto input = random.int8s(batch * pixels * channels);
    const format::Rescale factor = random.factor(-7, -2);
    std::vector<i8> output(usize{batch} * channels);
    global_average_pool_i8({batch, pixels, channels, input.data(), in_zero, factor, out_zero,
                            format::Clamp::of(-128, 127), output.data()});
    for (u32 n = 0; n < batch; ++n)
      for (u32 c = 0; c < channels; ++c) {
        i64 sum = 0;
        for (u32 pixel = 0; pixel < pixels; ++pixel)
          sum += input[(n * pixels + pixel) * channels + c] - in_zero;
        ASSERT_EQ(output[n * channels + c], exact_requantize(sum, factor, out_zero, -128, 127));
      }
  }
}

}  // namespace
}  // namespace pipit::nn
