#pragma once
#include <immintrin.h>

#include "base/types.h"

/// AVX2 with FMA as the vector types and operations that the tiled kernels are written in. Include it and
/// those kernels only in a file that compiles them for this instruction set (see nn/kernels/simd/README.md).
namespace pipit::nn {

struct Avx2 {
  using F32 = __m256;
  using I32 = __m256i;
  static constexpr u32 kLanes = 8;
  /// Tile of the matrix kernels: 6 × 16 sums fill twelve of the sixteen registers.
  static constexpr u32 kTileRows = 6;
  static constexpr u32 kTileVectors = 2;

  static F32 load(const f32* from) { return _mm256_loadu_ps(from); }
  static void store(f32* to, F32 x) { _mm256_storeu_ps(to, x); }
  static F32 splat(f32 x) { return _mm256_set1_ps(x); }
  static F32 add(F32 a, F32 b) { return _mm256_add_ps(a, b); }
  static F32 mul(F32 a, F32 b) { return _mm256_mul_ps(a, b); }
  static F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
  static F32 min(F32 a, F32 b) { return _mm256_min_ps(a, b); }
  static F32 max(F32 a, F32 b) { return _mm256_max_ps(a, b); }

  static I32 load(const i32* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static I32 splat(i32 x) { return _mm256_set1_epi32(x); }
  static I32 add(I32 a, I32 b) { return _mm256_add_epi32(a, b); }
  static I32 min(I32 a, I32 b) { return _mm256_min_epi32(a, b); }
  static I32 max(I32 a, I32 b) { return _mm256_max_epi32(a, b); }

  /// Integer products: pairs of 16-bit activations and weights, summed into 32 bits without saturation. The
  /// 8 × 8-bit vpmaddubsw would saturate.
  using Activation = i16;
  using Weight = i16;
  static constexpr u32 kGroup = 2;
  struct Group {
    i16 values[kGroup];
  };
  /// What is added to an int8 activation to make it an Activation.
  static constexpr i32 kActivationOffset = 0;
  /// sums[v] += one group of activations × weights[v]. In assembler because twelve sums, two weights and two
  /// temporaries are all the registers there are: compilers re-order such steps and spill.
  static void dot(I32 (&sums)[kTileVectors], const i16* activations, const I32 (&weights)[kTileVectors]) {
    I32 x, product;
    asm("vpbroadcastd %[group], %[x]\n\t"
        "vpmaddwd %[w0], %[x], %[product]\n\t"
        "vpaddd %[product], %[s0], %[s0]\n\t"
        "vpmaddwd %[w1], %[x], %[x]\n\t"
        "vpaddd %[x], %[s1], %[s1]"
        : [s0] "+x"(sums[0]), [s1] "+x"(sums[1]), [x] "=&x"(x), [product] "=&x"(product)
        : [group] "m"(*reinterpret_cast<const Group*>(activations)), [w0] "x"(weights[0]),
          [w1] "x"(weights[1]));
  }
  static I32 load_weights(const i16* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static I32 load_weights(const i8* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  /// 16 int8 values as Activations.
  static void convert16(const i8* from, i16* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), load_weights(from));
  }

  /// The rescale factors of kLanes neighbouring channels, taken apart for rescale().
  struct Factors {
    I32 multiplier, multiplier_odd;
    I32 round;
    I32 shift;
  };
  /// As ChannelOutput's: `shifts` from 1 to 30.
  static Factors factors(const i32* multipliers, const i32* shifts) {
    Factors f;
    f.multiplier = load(multipliers);
    f.multiplier_odd = _mm256_srli_epi64(f.multiplier, 32);
    f.shift = load(shifts);
    f.round = _mm256_sllv_epi32(splat(i32{1}), _mm256_sub_epi32(f.shift, splat(i32{1})));
    return f;
  }
  /// nn/fixed_point.h's rescale() where its short cut applies: the high word of the product, rounded and
  /// shifted.
  static I32 rescale(I32 x, const Factors& f) {
    const I32 even = _mm256_mul_epi32(x, f.multiplier);
    const I32 odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), f.multiplier_odd);
    const I32 high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
    return _mm256_srav_epi32(_mm256_add_epi32(high, f.round), f.shift);
  }
  /// kLanes values within −128 … 127 as bytes.
  static void store_i8(i8* to, I32 x) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(words, words));
  }
  /// kLanes bytes as 32-bit values.
  static I32 load_i8(const i8* from) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }
};

}  // namespace pipit::nn
