#pragma once
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {

/// AVX2 with half the multiplications. For two elements of an activation's row a and of a channel's weights b
///
///   a0 b0 + a1 b1 = (a0 + b1)(a1 + b0) − a0 a1 − b0 b1
///
/// where the last two terms are summed once per row and once per channel. (S. Winograd, "A New Algorithm for
/// Inner Product", 1968.) Exact modulo 2^32. It is no fewer instructions, but additions go to any of Zen's
/// four vector units where vpmaddwd has two of them: 28 products a cycle instead of 26.
///
/// Elements come in groups of four, activations in the order a0 a2 a1 a3. A vector of weights is b1 b3 of
/// eight channels, the next b0 b2 of the same.
struct Avx2Paired : Avx2 {
  static constexpr u32 kGroup = 4;
  /// Eight sums, four vectors of weights and two of a row's elements, each with a copy.
  static constexpr u32 kWideVectors = 2, kNarrowVectors = 2;
  template <u32 kVectors>
  static constexpr u32 kRowsOf = 4;

  /// Where weight j of a group of channel c goes in the group's weights of a panel.
  static constexpr u32 place(u32 c, u32 j) {
    return c / kLanes * kLanes * kGroup + (j % 2 == 0 ? 2 * kLanes : 0) + c % kLanes * 2 + j / 2;
  }
  /// The products b0 b1 of a group.
  static constexpr i32 pairs(const i8* b) { return b[0] * b[1] + b[2] * b[3]; }

  static void convert16(const i8* from, i16* to) {
    const __m128i order = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_cvtepi8_epi16(_mm_shuffle_epi8(x, order)));
  }
  static void convert4(const i8* from, i16* to) {
    const i16 a[kGroup] = {from[0], from[2], from[1], from[3]};
    __builtin_memcpy(to, a, sizeof a);
  }
  /// The products a0 a1 of `count` converted elements, a multiple of four.
  static i32 pairs(const i16* a, u32 count) {
    I32 sums = splat(i32{0});
    u32 k = 0;
    for (; k + 16 <= count; k += 16) {
      const I32 x = load_weights(a + k);
      sums = add(sums, _mm256_madd_epi16(x, _mm256_shuffle_epi32(x, 0xB1)));
    }
    alignas(32) i32 lanes[kLanes];
    store(lanes, sums);  // each of four sums stands in two lanes
    u32 sum = static_cast<u32>(lanes[0]) + static_cast<u32>(lanes[2]) + static_cast<u32>(lanes[4]) +
              static_cast<u32>(lanes[6]);
    for (; k < count; k += kGroup) sum += static_cast<u32>(a[k] * a[k + 2] + a[k + 1] * a[k + 3]);
    return static_cast<i32>(sum);
  }

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] static void step(I32 (&sums)[kRows][kVectors], const i16* const (&left)[kRows],
                                          u32 k, const i16* weights) {
    static_assert(kVectors == 2);
    I32 w[4];
#pragma clang loop unroll(full)
    for (u32 v = 0; v < 4; ++v)
      asm("vmovdqu %1, %0" : "=x"(w[v]) : "m"(reinterpret_cast<const Vector*>(weights)[v]));
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i) {
      I32 even, odd, p, q;
      asm("vpbroadcastd %[a02], %[even]\n\t"
          "vpaddw %[w0], %[even], %[p]\n\t"
          "vpaddw %[w2], %[even], %[even]\n\t"
          "vpbroadcastd %[a13], %[odd]\n\t"
          "vpaddw %[w1], %[odd], %[q]\n\t"
          "vpaddw %[w3], %[odd], %[odd]\n\t"
          "vpmaddwd %[q], %[p], %[p]\n\t"
          "vpmaddwd %[odd], %[even], %[even]\n\t"
          "vpaddd %[p], %[s0], %[s0]\n\t"
          "vpaddd %[even], %[s1], %[s1]"
          : [s0] "+x"(sums[i][0]), [s1] "+x"(sums[i][1]), [even] "=&x"(even), [odd] "=&x"(odd), [p] "=&x"(p),
            [q] "=&x"(q)
          : [a02] "m"(*reinterpret_cast<const Pair*>(left[i] + k)),
            [a13] "m"(*reinterpret_cast<const Pair*>(left[i] + k + 2)), [w0] "x"(w[0]), [w1] "x"(w[1]),
            [w2] "x"(w[2]), [w3] "x"(w[3]));
    }
  }

 private:
  struct Pair {
    i16 values[2];
  };
};

}  // namespace pipit::nn
