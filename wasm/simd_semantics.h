#pragma once
#include <cstring>

#include "wasm/numeric.h"

/// What every SIMD instruction computes (Wasm 2.0 §4.3, 3.0 for relaxed ones): one inline function each,
/// named as in opcodes_simd.def, for every engine. Portable C++ over clang's vectors, which become single
/// instructions where the target has them and scalar code where not. Lanes are little-endian.
///
/// Relaxed SIMD is deterministic here, the same on every target: swizzle, truncation, laneselect, min, max
/// and q15mulr are their strict counterparts; madd and nmadd round twice (no fusing); the dot products take
/// the second operand as unsigned, saturate where they yield 16 bits and lose nothing where they yield 32 (as
/// x86's PMADDUBSW and VPDPBUSD do).
namespace pipit::wasm::simd {
inline namespace PIPIT_ISA {

#define PIPIT_VECTOR(T, lanes) T __attribute__((ext_vector_type(lanes)))
using i8x16 = PIPIT_VECTOR(i8, 16);
using u8x16 = PIPIT_VECTOR(u8, 16);
using i16x8 = PIPIT_VECTOR(i16, 8);
using u16x8 = PIPIT_VECTOR(u16, 8);
using i32x4 = PIPIT_VECTOR(i32, 4);
using u32x4 = PIPIT_VECTOR(u32, 4);
using i64x2 = PIPIT_VECTOR(i64, 2);
using u64x2 = PIPIT_VECTOR(u64, 2);
using f32x4 = PIPIT_VECTOR(f32, 4);
using f64x2 = PIPIT_VECTOR(f64, 2);
using i8x8 = PIPIT_VECTOR(i8, 8);
using u8x8 = PIPIT_VECTOR(u8, 8);
using i16x4 = PIPIT_VECTOR(i16, 4);
using u16x4 = PIPIT_VECTOR(u16, 4);
using i32x2 = PIPIT_VECTOR(i32, 2);
using u32x2 = PIPIT_VECTOR(u32, 2);
using f32x2 = PIPIT_VECTOR(f32, 2);
using i16x16 = PIPIT_VECTOR(i16, 16);
using u16x16 = PIPIT_VECTOR(u16, 16);
using i32x8 = PIPIT_VECTOR(i32, 8);
using u32x8 = PIPIT_VECTOR(u32, 8);

/// A v128; how it is divided into lanes is the instruction's affair.
using V128 = u8x16;

template <class T>
inline T load(const u8* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Definitions by shape: `a`, `b`, `c` are the operands as T; the result is any 16 bytes.
#define PIPIT_UNARY(id, T, ...) \
  inline V128 id(V128 va) {     \
    const T a = (T)va;          \
    return (V128)(__VA_ARGS__); \
  }
#define PIPIT_BINARY(id, T, ...)     \
  inline V128 id(V128 va, V128 vb) { \
    const T a = (T)va, b = (T)vb;    \
    return (V128)(__VA_ARGS__);      \
  }
#define PIPIT_TERNARY(id, T, ...)             \
  inline V128 id(V128 va, V128 vb, V128 vc) { \
    const T a = (T)va, b = (T)vb, c = (T)vc;  \
    return (V128)(__VA_ARGS__);               \
  }
#define PIPIT_TEST(id, T, ...)            \
  inline u32 id(V128 va) {                \
    const T a = (T)va;                    \
    return static_cast<u32>(__VA_ARGS__); \
  }

// Halves, and every second lane.
#define PIPIT_LOW8(v) __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
#define PIPIT_HIGH8(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
#define PIPIT_EVEN8(v) __builtin_shufflevector(v, v, 0, 2, 4, 6, 8, 10, 12, 14)
#define PIPIT_ODD8(v) __builtin_shufflevector(v, v, 1, 3, 5, 7, 9, 11, 13, 15)
#define PIPIT_LOW4(v) __builtin_shufflevector(v, v, 0, 1, 2, 3)
#define PIPIT_HIGH4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7)
#define PIPIT_EVEN4(v) __builtin_shufflevector(v, v, 0, 2, 4, 6)
#define PIPIT_ODD4(v) __builtin_shufflevector(v, v, 1, 3, 5, 7)
#define PIPIT_LOW2(v) __builtin_shufflevector(v, v, 0, 1)
#define PIPIT_HIGH2(v) __builtin_shufflevector(v, v, 2, 3)
#define PIPIT_JOIN8(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define PIPIT_JOIN4(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7)
#define PIPIT_TO(T, v) __builtin_convertvector(v, T)

/// `each(lane)` for every lane of a vector.
template <class Out, class In, class Each>
inline Out map(In in, Each each) {
  constexpr u32 lanes = sizeof(In) / sizeof(in[0]);
  Out out = {};
  for (u32 i = 0; i < lanes; ++i) out[i] = each(in[i]);
  return out;
}
template <class T, class Each>
inline T map(T a, T b, Each each) {
  T out;
  for (u32 i = 0; i < sizeof(T) / sizeof(a[0]); ++i) out[i] = each(a[i], b[i]);
  return out;
}
inline V128 choose(V128 mask, V128 yes, V128 no) { return (yes & mask) | (no & ~mask); }

// Memory. `at` has as many readable or writable bytes as the access is wide.
inline V128 v128_load(const u8* at) { return load<V128>(at); }
inline V128 v128_load8x8_s(const u8* at) { return (V128)PIPIT_TO(i16x8, load<i8x8>(at)); }
inline V128 v128_load8x8_u(const u8* at) { return (V128)PIPIT_TO(u16x8, load<u8x8>(at)); }
inline V128 v128_load16x4_s(const u8* at) { return (V128)PIPIT_TO(i32x4, load<i16x4>(at)); }
inline V128 v128_load16x4_u(const u8* at) { return (V128)PIPIT_TO(u32x4, load<u16x4>(at)); }
inline V128 v128_load32x2_s(const u8* at) { return (V128)PIPIT_TO(i64x2, load<i32x2>(at)); }
inline V128 v128_load32x2_u(const u8* at) { return (V128)PIPIT_TO(u64x2, load<u32x2>(at)); }
inline V128 v128_load8_splat(const u8* at) { return (u8x16)*at; }
inline V128 v128_load16_splat(const u8* at) { return (V128)(u16x8)load<u16>(at); }
inline V128 v128_load32_splat(const u8* at) { return (V128)(u32x4)load<u32>(at); }
inline V128 v128_load64_splat(const u8* at) { return (V128)(u64x2)load<u64>(at); }
inline V128 v128_load32_zero(const u8* at) { return (V128)u32x4{load<u32>(at), 0, 0, 0}; }
inline V128 v128_load64_zero(const u8* at) { return (V128)u64x2{load<u64>(at), 0}; }
inline void v128_store(u8* at, V128 value) { std::memcpy(at, &value, sizeof value); }
/// `v` with `value` in one lane: by a mask, because a lane of its own in memory makes the vector wait for it.
template <class Vector, class T>
inline V128 with_lane(V128 v, T value, u32 lane) {
  Vector numbers;
  for (u32 i = 0; i < sizeof(Vector) / sizeof(T); ++i) numbers[i] = static_cast<T>(i);
  return choose((V128)(numbers == (Vector) static_cast<T>(lane)), (V128)(Vector)value, v);
}
#define PIPIT_LANE_ACCESS(bits, T, Vector)                                 \
  inline V128 v128_load##bits##_lane(const u8* at, V128 value, u32 lane) { \
    return with_lane<Vector>(value, load<T>(at), lane);                    \
  }                                                                        \
  inline void v128_store##bits##_lane(u8* at, V128 value, u32 lane) {      \
    const T stored = ((Vector)value)[lane];                                \
    std::memcpy(at, &stored, sizeof stored);                               \
  }
PIPIT_LANE_ACCESS(8, u8, u8x16)
PIPIT_LANE_ACCESS(16, u16, u16x8)
PIPIT_LANE_ACCESS(32, u32, u32x4)
PIPIT_LANE_ACCESS(64, u64, u64x2)
#undef PIPIT_LANE_ACCESS

// Constants and lanes. Floats travel as integers of their size: a NaN must not change.
inline V128 v128_const(const u8* bytes) { return load<V128>(bytes); }
#if defined(__SSSE3__)
/// PSHUFB: the bytes that `lanes` names; 0 where a number's highest bit is set.
inline V128 pick(V128 from, V128 lanes) {
  using Bytes = char __attribute__((vector_size(16)));
  return __builtin_bit_cast(
      V128, __builtin_ia32_pshufb128(__builtin_bit_cast(Bytes, from), __builtin_bit_cast(Bytes, lanes)));
}
inline V128 i8x16_shuffle(V128 a, V128 b, const u8* at) {
  const V128 lanes = load<V128>(at);
  return pick(a, lanes | (V128)(lanes > (V128)15)) | pick(b, lanes - (V128)16);
}
inline V128 i8x16_swizzle(V128 a, V128 lanes) { return pick(a, lanes | (V128)(lanes > (V128)15)); }
#else
/// `lanes`: sixteen numbers below 32, into a's bytes and then b's.
inline V128 i8x16_shuffle(V128 a, V128 b, const u8* lanes) {
  u8 both[32];
  std::memcpy(both, &a, 16);
  std::memcpy(both + 16, &b, 16);
  V128 out;
  for (u32 i = 0; i < 16; ++i) out[i] = both[lanes[i]];
  return out;
}
inline V128 i8x16_swizzle(V128 a, V128 lanes) {
  V128 out;
  for (u32 i = 0; i < 16; ++i) out[i] = lanes[i] < 16 ? a[lanes[i] & 15] : 0;
  return out;
}
#endif
#define PIPIT_LANES(shape, T, Vector)                                \
  inline V128 shape##_splat(T value) { return (V128)(Vector)value; } \
  inline V128 shape##_replace_lane(V128 v, T value, u32 lane) { return with_lane<Vector>(v, value, lane); }
#define PIPIT_EXTRACT(id, T, Vector) \
  inline T id(V128 v, u32 lane) { return static_cast<T>(((Vector)v)[lane]); }
#define PIPIT_NARROW_LANES(shape, Vector, Lane)                                            \
  inline V128 shape##_splat(u32 value) { return (V128)(Vector) static_cast<Lane>(value); } \
  inline V128 shape##_replace_lane(V128 v, u32 value, u32 lane) {                          \
    return with_lane<Vector>(v, static_cast<Lane>(value), lane);                           \
  }
PIPIT_NARROW_LANES(i8x16, u8x16, u8)
PIPIT_NARROW_LANES(i16x8, u16x8, u16)
PIPIT_LANES(i32x4, u32, u32x4)
PIPIT_LANES(i64x2, u64, u64x2)
PIPIT_LANES(f32x4, u32, u32x4)
PIPIT_LANES(f64x2, u64, u64x2)
PIPIT_EXTRACT(i8x16_extract_lane_s, i32, i8x16)
PIPIT_EXTRACT(i8x16_extract_lane_u, u32, u8x16)
PIPIT_EXTRACT(i16x8_extract_lane_s, i32, i16x8)
PIPIT_EXTRACT(i16x8_extract_lane_u, u32, u16x8)
PIPIT_EXTRACT(i32x4_extract_lane, u32, u32x4)
PIPIT_EXTRACT(i64x2_extract_lane, u64, u64x2)
PIPIT_EXTRACT(f32x4_extract_lane, u32, u32x4)
PIPIT_EXTRACT(f64x2_extract_lane, u64, u64x2)
#undef PIPIT_LANES
#undef PIPIT_EXTRACT
#undef PIPIT_NARROW_LANES

// Comparisons: all ones where it holds.
#define PIPIT_COMPARE_SIGNED(shape, S)  \
  PIPIT_BINARY(shape##_eq, S, a == b)   \
  PIPIT_BINARY(shape##_ne, S, a != b)   \
  PIPIT_BINARY(shape##_lt_s, S, a < b)  \
  PIPIT_BINARY(shape##_gt_s, S, a > b)  \
  PIPIT_BINARY(shape##_le_s, S, a <= b) \
  PIPIT_BINARY(shape##_ge_s, S, a >= b)
#define PIPIT_COMPARE_UNSIGNED(shape, U) \
  PIPIT_BINARY(shape##_lt_u, U, a < b)   \
  PIPIT_BINARY(shape##_gt_u, U, a > b)   \
  PIPIT_BINARY(shape##_le_u, U, a <= b)  \
  PIPIT_BINARY(shape##_ge_u, U, a >= b)
PIPIT_COMPARE_SIGNED(i8x16, i8x16)
PIPIT_COMPARE_UNSIGNED(i8x16, u8x16)
PIPIT_COMPARE_SIGNED(i16x8, i16x8)
PIPIT_COMPARE_UNSIGNED(i16x8, u16x8)
PIPIT_COMPARE_SIGNED(i32x4, i32x4)
PIPIT_COMPARE_UNSIGNED(i32x4, u32x4)
PIPIT_COMPARE_SIGNED(i64x2, i64x2)
#undef PIPIT_COMPARE_SIGNED
#undef PIPIT_COMPARE_UNSIGNED

// Bits.
PIPIT_UNARY(v128_not, u64x2, ~a)
PIPIT_BINARY(v128_and, u64x2, a& b)
PIPIT_BINARY(v128_andnot, u64x2, a & ~b)
PIPIT_BINARY(v128_or, u64x2, a | b)
PIPIT_BINARY(v128_xor, u64x2, a ^ b)
PIPIT_TERNARY(v128_bitselect, V128, choose(c, a, b))
PIPIT_TEST(v128_any_true, u64x2, (a[0] | a[1]) != 0)

// Integer arithmetic, on unsigned lanes where it wraps.
#define PIPIT_INTEGER(shape, S, U, lanes)                                              \
  PIPIT_UNARY(shape##_abs, S, __builtin_elementwise_abs(a))                            \
  PIPIT_UNARY(shape##_neg, U, U{} - a)                                                 \
  PIPIT_BINARY(shape##_add, U, a + b)                                                  \
  PIPIT_BINARY(shape##_sub, U, a - b)                                                  \
  PIPIT_TEST(shape##_all_true, S, __builtin_reduce_and(a != S{}) != 0)                 \
  PIPIT_TEST(shape##_bitmask, S, bits_of<lanes>(a < S{}))                              \
  inline V128 shape##_shl(V128 a, u32 n) { return (V128)((U)a << (U)modulo<S>(n)); }   \
  inline V128 shape##_shr_s(V128 a, u32 n) { return (V128)((S)a >> (S)modulo<S>(n)); } \
  inline V128 shape##_shr_u(V128 a, u32 n) { return (V128)((U)a >> (U)modulo<S>(n)); }
#define PIPIT_MIN_MAX(shape, S, U)                                \
  PIPIT_BINARY(shape##_min_s, S, __builtin_elementwise_min(a, b)) \
  PIPIT_BINARY(shape##_min_u, U, __builtin_elementwise_min(a, b)) \
  PIPIT_BINARY(shape##_max_s, S, __builtin_elementwise_max(a, b)) \
  PIPIT_BINARY(shape##_max_u, U, __builtin_elementwise_max(a, b))
#define PIPIT_SATURATING(shape, S, U, Wide)                               \
  PIPIT_BINARY(shape##_add_sat_s, S, __builtin_elementwise_add_sat(a, b)) \
  PIPIT_BINARY(shape##_add_sat_u, U, __builtin_elementwise_add_sat(a, b)) \
  PIPIT_BINARY(shape##_sub_sat_s, S, __builtin_elementwise_sub_sat(a, b)) \
  PIPIT_BINARY(shape##_sub_sat_u, U, __builtin_elementwise_sub_sat(a, b)) \
  PIPIT_BINARY(shape##_avgr_u, U, PIPIT_TO(U, (PIPIT_TO(Wide, a) + PIPIT_TO(Wide, b) + (Wide)1) >> (Wide)1))

/// A shift count, as a lane.
template <class S>
inline auto modulo(u32 n) {
  using Lane = __remove_reference_t(decltype(S{}[0]));
  return static_cast<Lane>(n % (sizeof(Lane) * 8));
}
/// One bit a lane of a comparison's result.
template <u32 lanes, class Mask>
inline u32 bits_of(Mask mask) {
  u32 bits = 0;
  for (u32 i = 0; i < lanes; ++i) bits |= (static_cast<u32>(mask[i]) & 1) << i;
  return bits;
}

PIPIT_INTEGER(i8x16, i8x16, u8x16, 16)
PIPIT_INTEGER(i16x8, i16x8, u16x8, 8)
PIPIT_INTEGER(i32x4, i32x4, u32x4, 4)
PIPIT_INTEGER(i64x2, i64x2, u64x2, 2)
PIPIT_MIN_MAX(i8x16, i8x16, u8x16)
PIPIT_MIN_MAX(i16x8, i16x8, u16x8)
PIPIT_MIN_MAX(i32x4, i32x4, u32x4)
PIPIT_SATURATING(i8x16, i8x16, u8x16, u16x16)
PIPIT_SATURATING(i16x8, i16x8, u16x8, u32x8)
PIPIT_UNARY(i8x16_popcnt, u8x16, __builtin_elementwise_popcount(a))
PIPIT_BINARY(i16x8_mul, u16x8, PIPIT_TO(u16x8, PIPIT_TO(u32x8, a) * PIPIT_TO(u32x8, b)))
PIPIT_BINARY(i32x4_mul, u32x4, a* b)
PIPIT_BINARY(i64x2_mul, u64x2, a* b)
#undef PIPIT_INTEGER
#undef PIPIT_MIN_MAX
#undef PIPIT_SATURATING

// Between widths. Products of lanes fit lanes twice as wide.
#define PIPIT_WIDEN(to, from, Wide, Narrow, letter, LOW, HIGH)                                             \
  PIPIT_UNARY(to##_extend_low_##from##_##letter, Narrow, PIPIT_TO(Wide, LOW(a)))                           \
  PIPIT_UNARY(to##_extend_high_##from##_##letter, Narrow, PIPIT_TO(Wide, HIGH(a)))                         \
  PIPIT_BINARY(to##_extmul_low_##from##_##letter, Narrow, PIPIT_TO(Wide, LOW(a)) * PIPIT_TO(Wide, LOW(b))) \
  PIPIT_BINARY(to##_extmul_high_##from##_##letter, Narrow, PIPIT_TO(Wide, HIGH(a)) * PIPIT_TO(Wide, HIGH(b)))
PIPIT_WIDEN(i16x8, i8x16, i16x8, i8x16, s, PIPIT_LOW8, PIPIT_HIGH8)
PIPIT_WIDEN(i16x8, i8x16, u16x8, u8x16, u, PIPIT_LOW8, PIPIT_HIGH8)
PIPIT_WIDEN(i32x4, i16x8, i32x4, i16x8, s, PIPIT_LOW4, PIPIT_HIGH4)
PIPIT_WIDEN(i32x4, i16x8, u32x4, u16x8, u, PIPIT_LOW4, PIPIT_HIGH4)
PIPIT_WIDEN(i64x2, i32x4, i64x2, i32x4, s, PIPIT_LOW2, PIPIT_HIGH2)
PIPIT_WIDEN(i64x2, i32x4, u64x2, u32x4, u, PIPIT_LOW2, PIPIT_HIGH2)
#undef PIPIT_WIDEN
PIPIT_UNARY(i16x8_extadd_pairwise_i8x16_s, i8x16,
            PIPIT_TO(i16x8, PIPIT_EVEN8(a)) + PIPIT_TO(i16x8, PIPIT_ODD8(a)))
PIPIT_UNARY(i16x8_extadd_pairwise_i8x16_u, u8x16,
            PIPIT_TO(u16x8, PIPIT_EVEN8(a)) + PIPIT_TO(u16x8, PIPIT_ODD8(a)))
PIPIT_UNARY(i32x4_extadd_pairwise_i16x8_s, i16x8,
            PIPIT_TO(i32x4, PIPIT_EVEN4(a)) + PIPIT_TO(i32x4, PIPIT_ODD4(a)))
PIPIT_UNARY(i32x4_extadd_pairwise_i16x8_u, u16x8,
            PIPIT_TO(u32x4, PIPIT_EVEN4(a)) + PIPIT_TO(u32x4, PIPIT_ODD4(a)))

// A macro, because a vector wider than the target's registers must not be an argument.
#define PIPIT_CLAMP(V, low, high, ...) \
  __builtin_elementwise_min(__builtin_elementwise_max(__VA_ARGS__, (V)(low)), (V)(high))
PIPIT_BINARY(i8x16_narrow_i16x8_s, i16x8, PIPIT_TO(i8x16, PIPIT_CLAMP(i16x16, -128, 127, PIPIT_JOIN8(a, b))))
PIPIT_BINARY(i8x16_narrow_i16x8_u, i16x8, PIPIT_TO(u8x16, PIPIT_CLAMP(i16x16, 0, 255, PIPIT_JOIN8(a, b))))
PIPIT_BINARY(i16x8_narrow_i32x4_s, i32x4,
             PIPIT_TO(i16x8, PIPIT_CLAMP(i32x8, -32'768, 32'767, PIPIT_JOIN4(a, b))))
PIPIT_BINARY(i16x8_narrow_i32x4_u, i32x4, PIPIT_TO(u16x8, PIPIT_CLAMP(i32x8, 0, 65'535, PIPIT_JOIN4(a, b))))
// Only (-32768)² rounds to more than 32767.
PIPIT_BINARY(i16x8_q15mulr_sat_s, i16x8,
             PIPIT_TO(i16x8,
                      PIPIT_CLAMP(i32x8, -32'768, 32'767,
                                  (PIPIT_TO(i32x8, a) * PIPIT_TO(i32x8, b) + (i32x8)0x4000) >> (i32x8)15)))
// (-32768)² twice is 2^31, which wraps.
PIPIT_BINARY(i32x4_dot_i16x8_s, i16x8,
             (u32x4)(PIPIT_TO(i32x4, PIPIT_EVEN4(a)) * PIPIT_TO(i32x4, PIPIT_EVEN4(b))) +
                 (u32x4)(PIPIT_TO(i32x4, PIPIT_ODD4(a)) * PIPIT_TO(i32x4, PIPIT_ODD4(b))))

// Floats. abs and neg work on the bits: they must not touch a NaN's payload.
#define PIPIT_FLOAT(shape, F, U, T)                                                  \
  PIPIT_BINARY(shape##_eq, F, a == b)                                                \
  PIPIT_BINARY(shape##_ne, F, a != b)                                                \
  PIPIT_BINARY(shape##_lt, F, a < b)                                                 \
  PIPIT_BINARY(shape##_gt, F, a > b)                                                 \
  PIPIT_BINARY(shape##_le, F, a <= b)                                                \
  PIPIT_BINARY(shape##_ge, F, a >= b)                                                \
  PIPIT_UNARY(shape##_abs, U, a & ~(U)Float<T>::kSign)                               \
  PIPIT_UNARY(shape##_neg, U, a ^ (U)Float<T>::kSign)                                \
  PIPIT_UNARY(shape##_sqrt, F, __builtin_elementwise_sqrt(a))                        \
  PIPIT_UNARY(shape##_ceil, F, map<F>(a, [](T lane) { return ceiled(lane); }))       \
  PIPIT_UNARY(shape##_floor, F, map<F>(a, [](T lane) { return floored(lane); }))     \
  PIPIT_UNARY(shape##_trunc, F, map<F>(a, [](T lane) { return truncated(lane); }))   \
  PIPIT_UNARY(shape##_nearest, F, map<F>(a, [](T lane) { return nearest(lane); }))   \
  PIPIT_BINARY(shape##_add, F, a + b)                                                \
  PIPIT_BINARY(shape##_sub, F, a - b)                                                \
  PIPIT_BINARY(shape##_mul, F, a* b)                                                 \
  PIPIT_BINARY(shape##_div, F, a / b)                                                \
  PIPIT_BINARY(shape##_min, F, map<F>(a, b, [](T x, T y) { return minimum(x, y); })) \
  PIPIT_BINARY(shape##_max, F, map<F>(a, b, [](T x, T y) { return maximum(x, y); })) \
  PIPIT_BINARY(shape##_pmin, F, choose((V128)(b < a), vb, va))                       \
  PIPIT_BINARY(shape##_pmax, F, choose((V128)(a < b), vb, va))
PIPIT_FLOAT(f32x4, f32x4, u32x4, f32)
PIPIT_FLOAT(f64x2, f64x2, u64x2, f64)
#undef PIPIT_FLOAT
PIPIT_UNARY(i32x4_trunc_sat_f32x4_s, f32x4, map<i32x4>(a, [](f32 lane) { return saturate<i32>(lane); }))
PIPIT_UNARY(i32x4_trunc_sat_f32x4_u, f32x4, map<u32x4>(a, [](f32 lane) { return saturate<u32>(lane); }))
PIPIT_UNARY(i32x4_trunc_sat_f64x2_s_zero, f64x2, map<i32x4>(a, [](f64 lane) { return saturate<i32>(lane); }))
PIPIT_UNARY(i32x4_trunc_sat_f64x2_u_zero, f64x2, map<u32x4>(a, [](f64 lane) { return saturate<u32>(lane); }))
PIPIT_UNARY(f32x4_convert_i32x4_s, i32x4, PIPIT_TO(f32x4, a))
PIPIT_UNARY(f32x4_convert_i32x4_u, u32x4, PIPIT_TO(f32x4, a))
PIPIT_UNARY(f64x2_convert_low_i32x4_s, i32x4, PIPIT_TO(f64x2, PIPIT_LOW2(a)))
PIPIT_UNARY(f64x2_convert_low_i32x4_u, u32x4, PIPIT_TO(f64x2, PIPIT_LOW2(a)))
PIPIT_UNARY(f32x4_demote_f64x2_zero, f64x2, __builtin_shufflevector(PIPIT_TO(f32x2, a), f32x2{}, 0, 1, 2, 3))
PIPIT_UNARY(f64x2_promote_low_f32x4, f32x4, PIPIT_TO(f64x2, PIPIT_LOW2(a)))

// Relaxed SIMD.
inline V128 i8x16_relaxed_swizzle(V128 a, V128 b) { return i8x16_swizzle(a, b); }
inline V128 i32x4_relaxed_trunc_f32x4_s(V128 a) { return i32x4_trunc_sat_f32x4_s(a); }
inline V128 i32x4_relaxed_trunc_f32x4_u(V128 a) { return i32x4_trunc_sat_f32x4_u(a); }
inline V128 i32x4_relaxed_trunc_f64x2_s_zero(V128 a) { return i32x4_trunc_sat_f64x2_s_zero(a); }
inline V128 i32x4_relaxed_trunc_f64x2_u_zero(V128 a) { return i32x4_trunc_sat_f64x2_u_zero(a); }
PIPIT_TERNARY(f32x4_relaxed_madd, f32x4, a* b + c)
PIPIT_TERNARY(f32x4_relaxed_nmadd, f32x4, c - a * b)
PIPIT_TERNARY(f64x2_relaxed_madd, f64x2, a* b + c)
PIPIT_TERNARY(f64x2_relaxed_nmadd, f64x2, c - a * b)
PIPIT_TERNARY(i8x16_relaxed_laneselect, V128, choose(c, a, b))
PIPIT_TERNARY(i16x8_relaxed_laneselect, V128, choose(c, a, b))
PIPIT_TERNARY(i32x4_relaxed_laneselect, V128, choose(c, a, b))
PIPIT_TERNARY(i64x2_relaxed_laneselect, V128, choose(c, a, b))
inline V128 f32x4_relaxed_min(V128 a, V128 b) { return f32x4_min(a, b); }
inline V128 f32x4_relaxed_max(V128 a, V128 b) { return f32x4_max(a, b); }
inline V128 f64x2_relaxed_min(V128 a, V128 b) { return f64x2_min(a, b); }
inline V128 f64x2_relaxed_max(V128 a, V128 b) { return f64x2_max(a, b); }
inline V128 i16x8_relaxed_q15mulr_s(V128 a, V128 b) { return i16x8_q15mulr_sat_s(a, b); }
/// Products of signed lanes of a and unsigned lanes of b, two neighbours of which are added and saturate.
inline V128 i16x8_relaxed_dot_i8x16_i7x16_s(V128 va, V128 vb) {
  const i8x16 a = (i8x16)va;
  return (V128)__builtin_elementwise_add_sat(
      PIPIT_TO(i16x8, PIPIT_EVEN8(a)) * PIPIT_TO(i16x8, PIPIT_EVEN8(vb)),
      PIPIT_TO(i16x8, PIPIT_ODD8(a)) * PIPIT_TO(i16x8, PIPIT_ODD8(vb)));
}
/// Of which four neighbours are added to a lane of c, without anything lost on the way.
inline V128 i32x4_relaxed_dot_i8x16_i7x16_add_s(V128 va, V128 vb, V128 vc) {
  const i8x16 a = (i8x16)va;
  u32x4 sum = (u32x4)vc;
  const i16x8 even = PIPIT_TO(i16x8, PIPIT_EVEN8(a)) * PIPIT_TO(i16x8, PIPIT_EVEN8(vb));
  const i16x8 odd = PIPIT_TO(i16x8, PIPIT_ODD8(a)) * PIPIT_TO(i16x8, PIPIT_ODD8(vb));
  sum += (u32x4)i32x4_extadd_pairwise_i16x8_s((V128)even);
  sum += (u32x4)i32x4_extadd_pairwise_i16x8_s((V128)odd);
  return (V128)sum;
}

#undef PIPIT_UNARY
#undef PIPIT_BINARY
#undef PIPIT_TERNARY
#undef PIPIT_TEST
#undef PIPIT_VECTOR
#undef PIPIT_TO

}  // namespace PIPIT_ISA
}  // namespace pipit::wasm::simd
