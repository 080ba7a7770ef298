#include "nn/kernels/layout/layout.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace pipit::nn {
namespace {

template <class T>
std::vector<T> counting(u32 count) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), T{0});
  return values;
}

template <class T>
u8* bytes(std::vector<T>& values) {
  return reinterpret_cast<u8*>(values.data());
}

TEST(Transpose, TurnsNchwIntoNhwc) {
  auto in = counting<f32>(2 * 3 * 4);  // [1,2,3,4], one image of two channels
  std::vector<f32> out(in.size());
  transpose(bytes(in), {24, 4, 1, 12}, {1, 3, 4, 2}, 4, sizeof(f32), bytes(out));
  for (u32 y = 0; y < 3; ++y)
    for (u32 x = 0; x < 4; ++x)
      for (u32 c = 0; c < 2; ++c) EXPECT_EQ(out[(y * 4 + x) * 2 + c], in[c * 12 + y * 4 + x]);
}

TEST(Transpose, OfSixDimensionsReversed) {
  auto in = counting<i8>(2 * 1 * 3 * 2 * 2 * 4);
  std::vector<i8> out(in.size());
  transpose(bytes(in), {1, 4, 8, 16, 48, 48}, {4, 2, 2, 3, 1, 2}, 6, 1, bytes(out));
  u32 index = 0;
  for (u32 a = 0; a < 4; ++a)
    for (u32 b = 0; b < 2; ++b)
      for (u32 c = 0; c < 2; ++c)
        for (u32 d = 0; d < 3; ++d)
          for (u32 e = 0; e < 2; ++e, ++index) EXPECT_EQ(out[index], in[a + 4 * b + 8 * c + 16 * d + 48 * e]);
}

TEST(Pad, SurroundsWithTheValue) {
  auto in = counting<i8>(4);  // [2,2]
  std::vector<i8> out(12);
  pad(bytes(in), {2, 2}, {1, 0}, {4, 3}, 2, 1, static_cast<u32>(-7), bytes(out));
  EXPECT_EQ(out, (std::vector<i8>{-7, -7, -7, 0, 1, -7, 2, 3, -7, -7, -7, -7}));
}

TEST(Pad, OfOneDimensionInF32) {
  std::vector<f32> in{1, 2}, out(4);
  pad(bytes(in), {2}, {2}, {4}, 1, sizeof(f32), 0x3F000000, bytes(out));
  EXPECT_EQ(out, (std::vector<f32>{0.5f, 0.5f, 1, 2}));
}

TEST(ScatterRuns, InterleavesConcatenatedInputs) {
  auto a = counting<i8>(4), b = counting<i8>(6);  // [2,2] and [2,3] along axis 1
  std::vector<i8> out(10);
  scatter_runs(bytes(a), 2, 2, 5, bytes(out));
  scatter_runs(bytes(b), 2, 3, 5, bytes(out) + 2);
  EXPECT_EQ(out, (std::vector<i8>{0, 1, 0, 1, 2, 2, 3, 3, 4, 5}));
}

}  // namespace
}  // namespace pipit::nn
