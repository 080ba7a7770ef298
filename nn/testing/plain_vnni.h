#pragma once
#include <algorithm>
#include <cstring>

#include "nn/fixed_point.h"
#include "nn/kernels/channel_output.h"

namespace pipit::nn::testing {

/// nn/kernels/simd/avx512_vnni.h spelled out, so that what is built on it (offset activations, groups of
/// four, panels) is tested on processors without those instructions.
struct PlainVnni {
  static constexpr u32 kLanes = 16;
  template <class T>
  struct Vector {
    T v[kLanes];
  };
  using F32 = Vector<f32>;
  using I32 = Vector<i32>;

  template <class T, class Function>
  static Vector<T> each(Function function) {
    Vector<T> out;
    for (u32 i = 0; i < kLanes; ++i) out.v[i] = function(i);
    return out;
  }
  template <class T>
  static Vector<T> load(const T* from) {
    return each<T>([&](u32 i) { return from[i]; });
  }
  template <class T>
  static void store(T* to, const Vector<T>& x) {
    for (u32 i = 0; i < kLanes; ++i) to[i] = x.v[i];
  }
  static F32 splat(f32 x) {
    return each<f32>([&](u32) { return x; });
  }
  static F32 add(F32 a, F32 b) {
    return each<f32>([&](u32 i) { return a.v[i] + b.v[i]; });
  }
  static F32 mul(F32 a, F32 b) {
    return each<f32>([&](u32 i) { return a.v[i] * b.v[i]; });
  }
  static F32 min(F32 a, F32 b) {
    return each<f32>([&](u32 i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F32 max(F32 a, F32 b) {
    return each<f32>([&](u32 i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F32 to_f32(I32 x) {
    return each<f32>([&](u32 i) { return static_cast<f32>(x.v[i]); });
  }

  using Activation = u8;
  using Weight = i8;
  static constexpr u32 kGroup = 4;
  static constexpr i32 kActivationOffset = 128;
  static constexpr u32 kWideVectors = 4, kNarrowVectors = 1;
  template <u32 kVectors>
  static constexpr u32 kRowsOf = kVectors == kWideVectors ? 6 : 12;

  template <u32 kRows, u32 kVectors>
  static void step(I32 (&sums)[kRows][kVectors], const u8* const (&left)[kRows], u32 k, const i8* weights) {
    for (u32 i = 0; i < kRows; ++i)
      for (u32 lane = 0; lane < kVectors * kLanes; ++lane)
        for (u32 j = 0; j < kGroup; ++j)
          sums[i][lane / kLanes].v[lane % kLanes] += left[i][k + j] * weights[lane * kGroup + j];
  }
  static void convert16(const i8* from, u8* to) {
    for (u32 i = 0; i < 16; ++i) to[i] = static_cast<u8>(from[i] + 128);
  }

  struct Factors {
    I32 multiplier, shift;
  };
  static Factors factors(const i32* multipliers, const i32* shifts) {
    return {load(multipliers), load(shifts)};
  }
  static I32 rescale(I32 x, const Factors& f) {
    return each<i32>([&](u32 i) { return nn::rescale(x.v[i], {f.multiplier.v[i], -f.shift.v[i] - 1}); });
  }
  template <u32 kVectors>
  static void store_i8(i8* to, const I32 (&x)[kVectors], const OutputRange& range) {
    for (u32 lane = 0; lane < kVectors * kLanes; ++lane)
      to[lane] = static_cast<i8>(
          std::clamp(x[lane / kLanes].v[lane % kLanes] + range.zero_point, range.low, range.high));
  }
};

}  // namespace pipit::nn::testing
