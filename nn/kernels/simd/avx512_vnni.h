#pragma once
#include <immintrin.h>

#include "base/types.h"
#include "nn/kernels/channel_output.h"

/// AVX-512 with VNNI as the integer half of nn/kernels/simd/avx2.h, and the float operations that outputs
/// need: vpdpbusd sums four products of unsigned activations and signed weights into 32 bits without
/// saturation.
namespace pipit::nn {

struct Avx512Vnni {
  using F32 = __m512;
  using I32 = __m512i;
  static constexpr u32 kLanes = 16;

  static F32 load(const f32* from) { return _mm512_loadu_ps(from); }
  static void store(f32* to, F32 x) { _mm512_storeu_ps(to, x); }
  static F32 splat(f32 x) { return _mm512_set1_ps(x); }
  static F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
  static F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
  static F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
  static F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
  static F32 to_f32(I32 x) { return _mm512_cvtepi32_ps(x); }

  static I32 load(const i32* from) { return _mm512_loadu_si512(from); }
  static void store(i32* to, I32 x) { _mm512_storeu_si512(to, x); }
  static I32 splat(i32 x) { return _mm512_set1_epi32(x); }
  static I32 add(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
  static I32 sub(I32 a, I32 b) { return _mm512_sub_epi32(a, b); }
  static I32 min(I32 a, I32 b) { return _mm512_min_epi32(a, b); }
  static I32 max(I32 a, I32 b) { return _mm512_max_epi32(a, b); }
  static I32 shift_left(I32 a, int bits) { return _mm512_slli_epi32(a, static_cast<unsigned>(bits)); }

  /// An int8 activation plus 128; panels take 128 × the sum of their weights away.
  using Activation = u8;
  using Weight = i8;
  static constexpr u32 kGroup = 4;
  static constexpr i32 kActivationOffset = 128;
  /// Of 32 registers 24 are sums.
  static constexpr u32 kWideVectors = 4, kNarrowVectors = 1;
  template <u32 kVectors>
  static constexpr u32 kRowsOf = kVectors == kWideVectors ? 6 : 12;

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] static void step(I32 (&sums)[kRows][kVectors], const u8* const (&left)[kRows], u32 k,
                                          const i8* weights) {
    I32 w[kVectors];
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) w[v] = _mm512_loadu_si512(weights + usize{v} * kLanes * kGroup);
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i) {
      i32 group;
      __builtin_memcpy(&group, left[i] + k, sizeof group);
      const I32 x = splat(group);
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v) sums[i][v] = _mm512_dpbusd_epi32(sums[i][v], x, w[v]);
    }
  }
  /// 16 int8 values as Activations.
  static void convert16(const i8* from, u8* to) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_xor_si128(x, _mm_set1_epi8(-128)));
  }

  /// As Avx2's.
  struct Factors {
    I32 multiplier, multiplier_odd;
    I32 round;
    I32 shift;
  };
  static Factors factors(const i32* multipliers, const i32* shifts) {
    Factors f;
    f.multiplier = load(multipliers);
    f.multiplier_odd = _mm512_srli_epi64(f.multiplier, 32);
    f.shift = load(shifts);
    f.round = _mm512_sllv_epi32(splat(i32{1}), sub(f.shift, splat(i32{1})));
    return f;
  }
  static I32 rescale(I32 x, const Factors& f) {
    const I32 even = _mm512_mul_epi32(x, f.multiplier);
    const I32 odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), f.multiplier_odd);
    const I32 high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
    return _mm512_srav_epi32(add(high, f.round), f.shift);
  }
  template <u32 kVectors>
  static void store_i8(i8* to, const I32 (&x)[kVectors], const OutputRange& range) {
    const I32 zero = splat(range.zero_point), low = splat(range.low), high = splat(range.high);
    for (u32 v = 0; v < kVectors; ++v) {
      const I32 value = min(max(add(x[v], zero), low), high);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + usize{v} * kLanes), _mm512_cvtepi32_epi8(value));
    }
  }
  /// kLanes bytes as 32-bit values.
  static I32 load_i8(const i8* from) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
};

}  // namespace pipit::nn
