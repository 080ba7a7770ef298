#pragma once
#include <cstring>

#include "base/types.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

/// The DSP instructions of Armv7E-M (Cortex-M4, M7) that the int8 kernels use, as functions. On other
/// processors they are spelled out, so that every test of the kernels runs on the host too.
namespace pipit::nn::dsp {

/// Four bytes from any address.
inline u32 load4(const i8* from) {
  u32 word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

#if defined(__ARM_FEATURE_DSP)

inline u32 sxtb16(u32 x) { return static_cast<u32>(__sxtb16(static_cast<i32>(x))); }
inline u32 sxtb16_ror8(u32 x) { return sxtb16(__ror(x, 8)); }
inline i32 smlad(u32 a, u32 b, i32 sum) { return __smlad(static_cast<i32>(a), static_cast<i32>(b), sum); }
/// `groups` ≥ 1 groups of four products for two windows and two weight rows: s0 += x0·w0, s1 += x1·w0, s2 +=
/// x0·w1, s3 += x1·w1; advances x0, w0 and w1. x1 lies kSecondBytes behind x0, which is 4-byte aligned. In
/// assembler because it takes every register there is (the count stays in memory), and because compilers do
/// not load pairs. 18 instructions for 16 products; an odd count begins in the middle of the loop.
#define PIPIT_DSP_GROUP                     \
  "ldr %[a], [%[w0]], #4\n\t"               \
  "ldr %[b], [%[w1]], #4\n\t"               \
  "ldrd %[p], %[po], [%[x], %[second]]\n\t" \
  "sxtb16 %[ao], %[a], ror #8\n\t"          \
  "sxtb16 %[a], %[a]\n\t"                   \
  "smlad %[s1], %[a], %[p], %[s1]\n\t"      \
  "sxtb16 %[bo], %[b], ror #8\n\t"          \
  "smlad %[s1], %[ao], %[po], %[s1]\n\t"    \
  "sxtb16 %[b], %[b]\n\t"                   \
  "smlad %[s3], %[b], %[p], %[s3]\n\t"      \
  "smlad %[s3], %[bo], %[po], %[s3]\n\t"    \
  "ldrd %[p], %[po], [%[x]], #8\n\t"        \
  "smlad %[s0], %[a], %[p], %[s0]\n\t"      \
  "smlad %[s0], %[ao], %[po], %[s0]\n\t"    \
  "smlad %[s2], %[b], %[p], %[s2]\n\t"      \
  "smlad %[s2], %[bo], %[po], %[s2]\n\t"
template <u32 kSecondBytes>
[[gnu::always_inline]] inline void two_by_two(const i16*& x, const i8*& w0, const i8*& w1, u32 groups,
                                              i32& s0, i32& s1, i32& s2, i32& s3) {
  u32 a = groups, a_odd, b, b_odd, p, p_odd;
  u32 left = (groups + 1) / 2;
  asm("tst %[a], #1\n\t"
      "bne 2f\n\t"
      "1:\n\t" PIPIT_DSP_GROUP "2:\n\t" PIPIT_DSP_GROUP
      "ldr %[a], %[left]\n\t"
      "subs %[a], #1\n\t"
      "str %[a], %[left]\n\t"
      "bne 1b"
      : [x] "+r"(x), [w0] "+r"(w0), [w1] "+r"(w1), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),
        [a] "+&r"(a), [ao] "=&r"(a_odd), [b] "=&r"(b), [bo] "=&r"(b_odd), [p] "=&r"(p), [po] "=&r"(p_odd),
        [left] "+m"(left)
      : [second] "i"(kSecondBytes)
      : "memory", "cc");
}
#undef PIPIT_DSP_GROUP
/// x within −128 … 127.
inline u32 saturated_byte(i32 x) { return static_cast<u32>(__ssat(x, 8)); }
/// The larger of every two signed bytes, the smaller.
inline u32 max_bytes(u32 a, u32 b) {
  u32 result, unused;
  asm("ssub8 %1, %2, %3\n\tsel %0, %2, %3" : "=r"(result), "=&r"(unused) : "r"(a), "r"(b));
  return result;
}
inline u32 min_bytes(u32 a, u32 b) {
  u32 result, unused;
  asm("ssub8 %1, %3, %2\n\tsel %0, %2, %3" : "=r"(result), "=&r"(unused) : "r"(a), "r"(b));
  return result;
}
inline i32 smlabb(u32 a, u32 b, i32 sum) { return __smlabb(static_cast<i32>(a), static_cast<i32>(b), sum); }
inline i32 smlatt(u32 a, u32 b, i32 sum) { return __smlatt(static_cast<i32>(a), static_cast<i32>(b), sum); }

#else

constexpr i32 low_half(u32 x) { return static_cast<i16>(x); }
constexpr i32 high_half(u32 x) { return static_cast<i16>(x >> 16); }
/// Bytes 0 and 2, sign-extended to halves.
constexpr u32 sxtb16(u32 x) {
  const u32 low = static_cast<u16>(static_cast<i8>(x)), high = static_cast<u16>(static_cast<i8>(x >> 16));
  return low | high << 16;
}
/// Bytes 1 and 3.
constexpr u32 sxtb16_ror8(u32 x) { return sxtb16(x >> 8); }
/// sum + both products of halves; modulo 2^32, as the instruction.
constexpr i32 smlad(u32 a, u32 b, i32 sum) {
  return sum + low_half(a) * low_half(b) + high_half(a) * high_half(b);
}
template <u32 kSecondBytes>
void two_by_two(const i16*& x, const i8*& w0, const i8*& w1, u32 groups, i32& s0, i32& s1, i32& s2, i32& s3) {
  for (; groups != 0; --groups, x += 4, w0 += 4, w1 += 4) {
    u32 p[2], q[2];
    std::memcpy(p, x, sizeof p);
    std::memcpy(q, x + kSecondBytes / sizeof(i16), sizeof q);
    const u32 a = load4(w0), b = load4(w1);
    s0 = smlad(sxtb16_ror8(a), p[1], smlad(sxtb16(a), p[0], s0));
    s1 = smlad(sxtb16_ror8(a), q[1], smlad(sxtb16(a), q[0], s1));
    s2 = smlad(sxtb16_ror8(b), p[1], smlad(sxtb16(b), p[0], s2));
    s3 = smlad(sxtb16_ror8(b), q[1], smlad(sxtb16(b), q[0], s3));
  }
}
constexpr u32 saturated_byte(i32 x) { return static_cast<u32>(x < -128 ? -128 : x > 127 ? 127 : x); }
template <class Choose>
constexpr u32 each_byte(u32 a, u32 b, Choose choose) {
  u32 result = 0;
  for (u32 at = 0; at < 32; at += 8)
    result |= u32{static_cast<u8>(choose(static_cast<i8>(a >> at), static_cast<i8>(b >> at)))} << at;
  return result;
}
constexpr u32 max_bytes(u32 a, u32 b) {
  return each_byte(a, b, [](i8 x, i8 y) { return x >= y ? x : y; });
}
constexpr u32 min_bytes(u32 a, u32 b) {
  return each_byte(a, b, [](i8 x, i8 y) { return y >= x ? x : y; });
}
constexpr i32 smlabb(u32 a, u32 b, i32 sum) { return sum + low_half(a) * low_half(b); }
constexpr i32 smlatt(u32 a, u32 b, i32 sum) { return sum + high_half(a) * high_half(b); }

#endif

/// Four values, clamped, as the bytes of a word, the first in the lowest. `low` and `high` have their bound
/// in every byte.
inline u32 clamped_bytes(i32 a, i32 b, i32 c, i32 d, u32 low, u32 high) {
  const u32 word = (saturated_byte(a) & 0xFF) | (saturated_byte(b) & 0xFF) << 8 |
                   (saturated_byte(c) & 0xFF) << 16 | saturated_byte(d) << 24;
  return min_bytes(max_bytes(word, low), high);
}
constexpr u32 in_every_byte(i32 value) { return u32{static_cast<u8>(value)} * 0x01010101u; }

}  // namespace pipit::nn::dsp
