#include "nn/kernels/dynamic/dynamic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace pipit::nn {
namespace {

TEST(Dynamic, ScalesHoldZeroAndTheRange) {
  const f32 in[] = {-1, 0, 3, 0.5f, /* row 2 */ 0, 0, 0, 0, /* row 3 */ 2, 4, 1, 3};
  RowScale rows[3];
  dynamic_scale(in, 3, 4, false, rows);
  EXPECT_FLOAT_EQ(rows[0].scale, 4.0f / 255);
  EXPECT_EQ(rows[0].zero_point, -64.0f);  // −128 + 1 / scale = −64.25
  EXPECT_EQ(rows[1].scale, 1.0f);
  EXPECT_EQ(rows[1].zero_point, 0.0f);
  EXPECT_FLOAT_EQ(rows[2].scale, 4.0f / 255);
  EXPECT_EQ(rows[2].zero_point, -128.0f);
  dynamic_scale(in, 3, 4, true, rows);
  EXPECT_FLOAT_EQ(rows[0].scale, 3.0f / 127);
  EXPECT_EQ(rows[0].zero_point, 0.0f);
}

TEST(Dynamic, QuantizesToTheNearestAndSaturates) {
  const RowScale row{0.5f, 3};
  const f32 in[] = {0, 0.25f, -0.25f, 100, -100, std::numeric_limits<f32>::quiet_NaN(), 1e30f, -1e30f, 0.75f};
  constexpr u32 kCount = sizeof in / sizeof in[0];
  i8 out[kCount];
  dynamic_quantize(in, 1, kCount, &row, out);
  const i8 expected[] = {3, 3, 3, 127, -128, -128, 127, -128, 5};  // halves to even
  for (u32 i = 0; i < kCount; ++i) EXPECT_EQ(out[i], expected[i]) << i;
}

/// A hostile file may put anything where the scales should be.
TEST(Dynamic, SurvivesAnyScale) {
  const f32 infinity = std::numeric_limits<f32>::infinity();
  for (const f32 odd : {infinity, -infinity, std::numeric_limits<f32>::quiet_NaN(), 1e38f, 0.0f}) {
    const RowScale row{odd, odd};
    const f32 in[] = {1, -1};
    i8 q[2];
    dynamic_quantize(in, 1, 2, &row, q);
    const i8 weights[] = {1, 2};
    const f32 scale = 1, bias = 0;
    const i32 sum = 3;
    f32 out = 0;
    dynamic_fully_connected(
        {1, 2, 1, q, &row, weights, &scale, &sum, &bias, format::Clamp::of(-1.0f, 1.0f), &out});
  }
}

/// A convolution with padding, a stride and a zero point against the same in floats of the dequantised
/// values.
TEST(Dynamic, ConvolvesDequantisedValues) {
  const WindowShape shape{2, 5, 4, 3, 3, 2, 2, 3, 3, {2, 2, 1, 1, 1, 1, 1, 0}};
  std::vector<i8> input(2 * 5 * 4 * 3), weights(2 * 3 * 3 * 3);
  u32 seed = 1;
  for (i8& value : input) value = static_cast<i8>(seed = seed * 1103515245 + 12345);
  for (i8& value : weights) value = static_cast<i8>((seed = seed * 1103515245 + 12345) >> 8);
  const RowScale rows[] = {{0.1f, 7}, {0.2f, -100}};
  const f32 scales[] = {0.01f, 0.02f}, bias[] = {1, -1};
  i32 sums[2] = {0, 0};
  for (u32 i = 0; i < weights.size(); ++i) sums[i / 27] += weights[i];
  std::vector<f32> out(2 * 3 * 2 * 2);
  const f32 infinity = std::numeric_limits<f32>::infinity();
  dynamic_conv2d({shape, input.data(), rows, weights.data(), scales, sums, bias,
                  format::Clamp::of(-infinity, infinity), out.data()});
  u32 at = 0;
  for (u32 n = 0; n < 2; ++n)
    for (i32 y = 0; y < 3; ++y)
      for (i32 x = 0; x < 2; ++x)
        for (u32 o = 0; o < 2; ++o) {
          f64 sum = f64{bias[o]};
          for (i32 row = 0; row < 3; ++row)
            for (i32 column = 0; column < 3; ++column) {
              const i32 in_y = y * 2 + row - 1, in_x = x * 2 + column - 1;
              if (in_y < 0 || in_y >= 5 || in_x < 0 || in_x >= 4) continue;
              for (i32 c = 0; c < 3; ++c) {
                const f64 q =
                    input[static_cast<usize>(((static_cast<i32>(n) * 5 + in_y) * 4 + in_x) * 3 + c)];
                const f64 w =
                    weights[static_cast<usize>(((static_cast<i32>(o) * 3 + row) * 3 + column) * 3 + c)];
                sum += (q - f64{rows[n].zero_point}) * f64{rows[n].scale} * w * f64{scales[o]};
              }
            }
          EXPECT_NEAR(f64{out[at]}, sum, 1e-4) << at;
          ++at;
        }
}

}  // namespace
}  // namespace pipit::nn
