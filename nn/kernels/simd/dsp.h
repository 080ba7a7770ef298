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
