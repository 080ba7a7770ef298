#pragma once
#include "nn/kernels/dot/dot_scalar.h"
#include "nn/kernels/simd/dsp.h"

/// Blocked inner products by SMLAD, two products an instruction.
namespace pipit::nn {

struct DspDot {
  /// Groups of four values as SXTB16 leaves them, (0, 2) and (1, 3); up to three single ones behind.
  using Element = i16;

  /// Words first: rows of a window are short, and a call costs as much as ten bytes.
  static void copy(const i8* from, u32 count, i8* to) {
    for (; count >= 4; count -= 4, from += 4, to += 4) {
      const u32 word = dsp::load4(from);
      std::memcpy(to, &word, sizeof word);
    }
    for (; count != 0; --count) *to++ = *from++;
  }
  static void expand(const i8* bytes, u32 count, i16* to) {
    for (; count >= 4; count -= 4, bytes += 4, to += 4) {
      const u32 word = dsp::load4(bytes);
      const u32 pairs[2] = {dsp::sxtb16(word), dsp::sxtb16_ror8(word)};
      std::memcpy(to, pairs, sizeof pairs);
    }
    for (u32 k = 0; k < count; ++k) to[k] = bytes[k];
  }

  /// x1 lies kSecond elements behind x0, so that one register addresses both.
  static constexpr u32 kSecond = 288;
  [[gnu::always_inline]] static void two_by_two(const i16* x, const i8* w0, const i8* w1, u32 count,
                                                i32 (&sums)[4]) {
    i32 s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    if (count >= 4) dsp::two_by_two<2 * kSecond>(x, w0, w1, count / 4, s0, s1, s2, s3);
    for (u32 k = 0; k < count % 4; ++k) {
      s0 += x[k] * w0[k];
      s1 += x[kSecond + k] * w0[k];
      s2 += x[k] * w1[k];
      s3 += x[kSecond + k] * w1[k];
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
  }

  /// The sums of two_by_two as two neighbouring bytes of `out` (x) and two of `below` (x1).
  [[gnu::always_inline]] static void store(const i32 (&sums)[4], const ChannelOutput& first,
                                           const ChannelOutput& second, const OutputRange& range, i8* out,
                                           i8* below) {
    if (!first.is_narrow() || !second.is_narrow())
      return store_wide({sums, first, second, range}, out, below);
    const i32 zero = range.zero_point;
    const u32 word = dsp::clamped_bytes(first.narrow(sums[0], zero), second.narrow(sums[2], zero),
                                        first.narrow(sums[1], zero), second.narrow(sums[3], zero),
                                        dsp::in_every_byte(range.low), dsp::in_every_byte(range.high));
    const u16 upper = static_cast<u16>(word), lower = static_cast<u16>(word >> 16);
    std::memcpy(out, &upper, sizeof upper);
    std::memcpy(below, &lower, sizeof lower);
  }

  static void one_by_four(const i16* x, const i8* w, u32 stride, u32 count, i32 (&sums)[4]) {
    for (u32 group = count / 4; group != 0; --group, x += 4, w += 4) {
      u32 pairs[2];
      std::memcpy(pairs, x, sizeof pairs);
      four(pairs[0], pairs[1], w, stride, sums);
    }
    tail(x, w, stride, count % 4, sums);
  }

  /// The same with x as it lies in memory.
  static void one_by_four(const i8* x, const i8* w, u32 stride, u32 count, i32 (&sums)[4]) {
    for (u32 group = count / 4; group != 0; --group, x += 4, w += 4) {
      const u32 word = dsp::load4(x);
      four(dsp::sxtb16(word), dsp::sxtb16_ror8(word), w, stride, sums);
    }
    tail(x, w, stride, count % 4, sums);
  }

 private:
  /// Copies of what store() was given: references would keep the originals out of registers on the usual
  /// path.
  struct Wide {
    Wide(const i32 (&s)[4], const ChannelOutput& f, const ChannelOutput& g, const OutputRange& r)
        : sums{s[0], s[1], s[2], s[3]}, first(f), second(g), range(r) {}
    i32 sums[4];
    ChannelOutput first, second;
    OutputRange range;
  };
  [[gnu::noinline]] static void store_wide(const Wide& wide, i8* out, i8* below) {
    ScalarDot::store(wide.sums, wide.first, wide.second, wide.range, out, below);
  }

  static __attribute__((always_inline)) void four(u32 even, u32 odd, const i8* w, u32 stride,
                                                  i32 (&sums)[4]) {
#pragma clang loop unroll(full)
    for (u32 i = 0; i < 4; ++i) {
      const u32 word = dsp::load4(w + i * stride);
      sums[i] = dsp::smlad(odd, dsp::sxtb16_ror8(word), dsp::smlad(even, dsp::sxtb16(word), sums[i]));
    }
  }
  template <class T>
  static void tail(const T* x, const i8* w, u32 stride, u32 count, i32 (&sums)[4]) {
    for (u32 k = 0; k < count; ++k)
      for (u32 i = 0; i < 4; ++i) sums[i] += x[k] * w[i * stride + k];
  }
};

}  // namespace pipit::nn
