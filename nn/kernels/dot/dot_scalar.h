#pragma once
#include <cstring>

#include "nn/kernels/channel_output.h"

/// Blocked inner products for any processor: with four sums at work, every loaded value is used twice.
namespace pipit::nn {

struct ScalarDot {
  using Element = i8;

  static void copy(const i8* from, u32 count, i8* to) { std::memcpy(to, from, count); }
  static void expand(const i8* bytes, u32 count, i8* to) {
    if (bytes != to) std::memcpy(to, bytes, count);
  }

  static constexpr u32 kSecond = 576;
  [[gnu::always_inline]] static void two_by_two(const i8* x0, const i8* w0, const i8* w1, u32 count,
                                                i32 (&sums)[4]) {
    const i8* x1 = x0 + kSecond;
    i32 s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    const auto step = [&](u32 k) __attribute__((always_inline)) {
      const i32 a = x0[k], b = x1[k], c = w0[k], d = w1[k];
      s0 += a * c;
      s1 += b * c;
      s2 += a * d;
      s3 += b * d;
    };
    for (; count >= 4; count -= 4, x0 += 4, x1 += 4, w0 += 4, w1 += 4) {
      step(0);
      step(1);
      step(2);
      step(3);
    }
    for (u32 k = 0; k < count; ++k) step(k);
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
  }

  [[gnu::always_inline]] static void store(const i32 (&sums)[4], const ChannelOutput& first,
                                           const ChannelOutput& second, const OutputRange& range, i8* out,
                                           i8* below) {
    out[0] = first(sums[0], range);
    below[0] = first(sums[1], range);
    out[1] = second(sums[2], range);
    below[1] = second(sums[3], range);
  }

  static void one_by_four(const i8* x, const i8* w, u32 stride, u32 count, i32 (&sums)[4]) {
    i32 s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    const i8 *w1 = w + stride, *w2 = w1 + stride, *w3 = w2 + stride;
    const auto step = [&](u32 k) __attribute__((always_inline)) {
      const i32 a = x[k];
      s0 += a * w[k];
      s1 += a * w1[k];
      s2 += a * w2[k];
      s3 += a * w3[k];
    };
    for (; count >= 4; count -= 4, x += 4, w += 4, w1 += 4, w2 += 4, w3 += 4) {
      step(0);
      step(1);
      step(2);
      step(3);
    }
    for (u32 k = 0; k < count; ++k) step(k);
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
  }
};

}  // namespace pipit::nn
