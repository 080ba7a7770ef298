#pragma once
#include <bit>
#include <concepts>
#include <cstring>
#include <type_traits>

#include "base/dtype.h"
#include "base/types.h"

/// Element types as C++ types, and the step from a run-time DType to code for one of them.
namespace pipit::nn::general {

/// memcpy() that may be asked to copy nothing: an empty operand has no address.
inline void copy_bytes(void* to, const void* from, usize bytes) {
  if (bytes != 0) std::memcpy(to, from, bytes);
}

/// IEEE 754 binary16 as stored. Arithmetic happens in f32; the way back rounds half to even.
struct Half {
  u16 bits = 0;
  Half() = default;
  template <class T>
    requires std::is_arithmetic_v<T>
  Half(T value) : bits(encode(static_cast<f32>(value))) {}
  operator f32() const { return decode(bits); }

  static constexpr f32 decode(u16 half) {
    const u32 sign = u32{half} >> 15 << 31;
    const u32 exponent = half >> 10 & 31, mantissa = half & 1023;
    if (exponent == 31) return std::bit_cast<f32>(sign | 0x7F800000u | mantissa << 13);
    if (exponent != 0) return std::bit_cast<f32>(sign | (exponent + 112) << 23 | mantissa << 13);
    const f32 tiny = static_cast<f32>(mantissa) * 5.9604644775390625e-8f;  // 2^-24
    return sign != 0 ? -tiny : tiny;
  }
  static constexpr u16 encode(f32 value) {
    const u32 bits = std::bit_cast<u32>(value);
    const u16 sign = static_cast<u16>(bits >> 16 & 0x8000);
    const u32 magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return static_cast<u16>(sign | 0x7E00);
    if (magnitude >= 0x477FF000) return static_cast<u16>(sign | 0x7C00);  // 65520 and above round to infinity
    if (magnitude < 0x38800000) {                                         // below 2^-14: subnormal
      const f32 scaled = std::bit_cast<f32>(magnitude) * 16777216.0f;     // in units of 2^-24
      return static_cast<u16>(sign | static_cast<u16>((scaled + 8388608.0f) - 8388608.0f));
    }
    const u32 rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
    return static_cast<u16>(sign | ((rounded >> 13) - (112 << 10)));
  }
};

/// bfloat16: the upper half of an f32, rounded half to even.
struct BFloat {
  u16 bits = 0;
  BFloat() = default;
  template <class T>
    requires std::is_arithmetic_v<T>
  BFloat(T value) : bits(encode(static_cast<f32>(value))) {}
  operator f32() const { return std::bit_cast<f32>(u32{bits} << 16); }
  static constexpr u16 encode(f32 value) {
    const u32 bits = std::bit_cast<u32>(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return static_cast<u16>(bits >> 16 | 0x40);
    return static_cast<u16>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
};

/// DType::boolean: one byte, 0 or 1.
struct Bool {
  u8 value = 0;
  Bool() = default;
  Bool(bool value) : value(value) {}
  operator bool() const { return value != 0; }
};

/// Sums and products whose integers wrap.
template <class S>
S plus(S a, S b) {
  if constexpr (std::is_floating_point_v<S>)
    return a + b;
  else
    return static_cast<S>(static_cast<u64>(a) + static_cast<u64>(b));
}
template <class S>
S times(S a, S b) {
  if constexpr (std::is_floating_point_v<S>)
    return a * b;
  else
    return static_cast<S>(static_cast<u64>(a) * static_cast<u64>(b));
}

template <class T>
constexpr bool kIsReal = std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat>;

/// What arithmetic on T happens in.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat>, f32,
                                   std::conditional_t<std::is_same_v<T, Bool>, bool, T>>;

/// Which element types a function takes.
enum class Kinds : u8 {
  real = 1,
  integer = 2,
  boolean = 4,
  numbers = real | integer,
  any = real | integer | boolean,
};

constexpr bool includes(Kinds kinds, DType type) {
  switch (type) {
    case DType::f16:
    case DType::bf16:
    case DType::f32:
    case DType::f64: return (static_cast<u8>(kinds) & static_cast<u8>(Kinds::real)) != 0;
    case DType::boolean: return (static_cast<u8>(kinds) & static_cast<u8>(Kinds::boolean)) != 0;
    default: return (static_cast<u8>(kinds) & static_cast<u8>(Kinds::integer)) != 0;
  }
}

/// Calls f.operator()<T>() for the C++ type of `type`, compiled for the types in `kinds` only; false, and no
/// call, for another.
template <Kinds kinds, class F>
bool with_type(DType type, F f) {
  constexpr u8 bits = static_cast<u8>(kinds);
  if (!includes(kinds, type)) return false;
  if constexpr ((bits & static_cast<u8>(Kinds::real)) != 0) switch (type) {
      case DType::f16: f.template operator()<Half>(); return true;
      case DType::bf16: f.template operator()<BFloat>(); return true;
      case DType::f32: f.template operator()<f32>(); return true;
      case DType::f64: f.template operator()<f64>(); return true;
      default: break;
    }
  if constexpr ((bits & static_cast<u8>(Kinds::integer)) != 0) switch (type) {
      case DType::u8: f.template operator()<u8>(); return true;
      case DType::i8: f.template operator()<i8>(); return true;
      case DType::u16: f.template operator()<u16>(); return true;
      case DType::i16: f.template operator()<i16>(); return true;
      case DType::u32: f.template operator()<u32>(); return true;
      case DType::i32: f.template operator()<i32>(); return true;
      case DType::u64: f.template operator()<u64>(); return true;
      case DType::i64: f.template operator()<i64>(); return true;
      default: break;
    }
  if constexpr ((bits & static_cast<u8>(Kinds::boolean)) != 0)
    if (type == DType::boolean) {
      f.template operator()<Bool>();
      return true;
    }
  return false;
}

/// Calls f with an unsigned type as wide as an element: for functions that move elements and never look
/// inside.
template <class F>
void with_width(DType type, F f) {
  switch (dtype_bytes(type)) {
    case 1: f.template operator()<u8>(); break;
    case 2: f.template operator()<u16>(); break;
    case 4: f.template operator()<u32>(); break;
    default: f.template operator()<u64>(); break;
  }
}

}  // namespace pipit::nn::general
