#pragma once
#include <immintrin.h>

#include "base/types.h"
#include "nn/kernels/channel_output.h"

/// AVX2 with FMA as the vector types and operations that the tiled kernels are written in. Include it and
/// those kernels only in a file that compiles them for this instruction set (see nn/kernels/simd/README.md).
namespace pipit::nn {

struct Avx2 {
  using F32 = __m256;
  using I32 = __m256i;
  static constexpr u32 kLanes = 8;
  struct Vector {
    u8 bytes[32];
  };
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
  static void store(i32* to, I32 x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x); }
  static F32 to_f32(I32 x) { return _mm256_cvtepi32_ps(x); }
  static I32 splat(i32 x) { return _mm256_set1_epi32(x); }
  static I32 add(I32 a, I32 b) { return _mm256_add_epi32(a, b); }
  static I32 min(I32 a, I32 b) { return _mm256_min_epi32(a, b); }
  static I32 max(I32 a, I32 b) { return _mm256_max_epi32(a, b); }

  static I32 sub(I32 a, I32 b) { return _mm256_sub_epi32(a, b); }
  static I32 mul_low(I32 a, I32 b) { return _mm256_mullo_epi32(a, b); }
  static I32 shift_left(I32 a, int bits) { return _mm256_slli_epi32(a, bits); }
  static I32 shift_right(I32 a, int bits) { return _mm256_srai_epi32(a, bits); }  ///< arithmetic

  /// Sixteen 16-bit values.
  using I16 = __m256i;
  static I16 splat16(i16 x) { return _mm256_set1_epi16(x); }
  static I16 add16(I16 a, I16 b) { return _mm256_add_epi16(a, b); }
  static I16 sub16(I16 a, I16 b) { return _mm256_sub_epi16(a, b); }
  static I16 shift_left16(I16 a, int bits) { return _mm256_slli_epi16(a, bits); }
  static I16 load_i8x16(const i8* from) { return load_weights(from); }
  static void store16(i16* to, I16 x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x); }

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
  /// Integer tiles of twelve sums. Multiplications and additions alone allow 26 products a cycle (Zen 3), if
  /// weights come as operands from memory: a load of its own takes the place of an addition.
  static constexpr u32 kWideVectors = 4, kNarrowVectors = 2;
  template <u32 kVectors>
  static constexpr u32 kRowsOf = kVectors == kWideVectors ? 3 : 6;

  /// sums[i][v] += one group of row i × weights[v]. The products are in assembler because sums, activations
  /// and one temporary are all the registers there are: compilers re-order such steps and spill.
  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] static void step(I32 (&sums)[kRows][kVectors], const i16* const (&left)[kRows],
                                          u32 k, const i16* weights) {
    if constexpr (kRows <= 3) {
      I32 x[kRows], product;
#pragma clang loop unroll(full)
      for (u32 i = 0; i < kRows; ++i)
        asm("vpbroadcastd %1, %0" : "=x"(x[i]) : "m"(*reinterpret_cast<const Group*>(left[i] + k)));
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v)
#pragma clang loop unroll(full)
        for (u32 i = 0; i < kRows; ++i)
          asm("vpmaddwd %[w], %[x], %[product]\n\t"
              "vpaddd %[product], %[sum], %[sum]"
              : [sum] "+x"(sums[i][v]), [product] "=&x"(product)
              : [x] "x"(x[i]), [w] "m"(reinterpret_cast<const Vector*>(weights)[v]));
    } else {
      static_assert(kVectors == kNarrowVectors);
      const I32 w0 = load_weights(weights), w1 = load_weights(weights + kLanes * kGroup);
#pragma clang loop unroll(full)
      for (u32 i = 0; i < kRows; ++i) {
        I32 x, product;
        asm("vpbroadcastd %[group], %[x]\n\t"
            "vpmaddwd %[w0], %[x], %[product]\n\t"
            "vpaddd %[product], %[s0], %[s0]\n\t"
            "vpmaddwd %[w1], %[x], %[x]\n\t"
            "vpaddd %[x], %[s1], %[s1]"
            : [s0] "+x"(sums[i][0]), [s1] "+x"(sums[i][1]), [x] "=&x"(x), [product] "=&x"(product)
            : [group] "m"(*reinterpret_cast<const Group*>(left[i] + k)), [w0] "x"(w0), [w1] "x"(w1));
      }
    }
  }
  /// The same with weights that are widened as they are read.
  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] static void step(I32 (&sums)[kRows][kVectors], const i16* const (&left)[kRows],
                                          u32 k, const i8* weights) {
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) {
      const I32 w = load_weights(weights + v * kLanes * kGroup);
#pragma clang loop unroll(full)
      for (u32 i = 0; i < kRows; ++i) {
        i32 group;
        __builtin_memcpy(&group, left[i] + k, sizeof group);
        sums[i][v] = add(sums[i][v], _mm256_madd_epi16(splat(group), w));
      }
    }
  }
  static I32 load_weights(const i16* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static I32 load_weights(const i8* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  /// 16 int8 values as Activations or Weights.
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
  /// 64-bit products of the even lanes. In assembler because LLVM takes _mm256_mul_epi32 of a shifted vector
  /// for a 64-bit product and makes three multiplications of it.
  static I32 mul_wide(I32 a, I32 b) {
    I32 product;
    asm("vpmuldq %2, %1, %0" : "=x"(product) : "x"(a), "x"(b));
    return product;
  }
  /// nn/fixed_point.h's rescale() where its short cut applies: the high word of the product, rounded and
  /// shifted.
  static I32 rescale(I32 x, const Factors& f) {
    const I32 even = mul_wide(x, f.multiplier);
    const I32 odd = mul_wide(_mm256_srli_epi64(x, 32), f.multiplier_odd);
    const I32 high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
    return _mm256_srav_epi32(_mm256_add_epi32(high, f.round), f.shift);
  }
  /// kLanes values within −128 … 127 as bytes.
  static void store_i8(i8* to, I32 x) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(words, words));
  }
  /// clamp(x + zero point) for two or four vectors. Saturating on the way to 16 and 8 bits changes nothing
  /// that the clamp would not.
  template <u32 kVectors>
  static void store_i8(i8* to, const I32 (&x)[kVectors], const OutputRange& range) {
    static_assert(kVectors == 2 || kVectors == 4);
    const I32 zero = _mm256_set1_epi16(static_cast<i16>(range.zero_point));
    const I32 low = _mm256_set1_epi8(static_cast<i8>(range.low)),
              high = _mm256_set1_epi8(static_cast<i8>(range.high));
    const I32 first = _mm256_adds_epi16(_mm256_packs_epi32(x[0], x[1]), zero);
    const I32 second =
        kVectors == 4 ? _mm256_adds_epi16(_mm256_packs_epi32(x[kVectors - 2], x[kVectors - 1]), zero) : first;
    // Packing works within halves: what belongs together lies four bytes here, four bytes there.
    const I32 bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, second),
                                                  _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    const I32 clamped = _mm256_min_epi8(_mm256_max_epi8(bytes, low), high);
    if constexpr (kVectors == 4)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), clamped);
    else
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(clamped));
  }
  /// kLanes bytes as 32-bit values.
  static I32 load_i8(const i8* from) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }
};

}  // namespace pipit::nn
