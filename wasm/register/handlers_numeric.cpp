// The numeric instructions, a handler each: for computers. What is not an operator of C++ comes from
// numeric.h.
#include "wasm/numeric.h"

#include <bit>
#include <cmath>

#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

// All are rd ra rb number.
constexpr u32 kBytes = 6;
#define A(T) SLOT(3).T##_
#define B(T) SLOT(4).T##_

#define NEXT_u32(value) PIPIT_NEXT_ACC(kBytes, static_cast<u32>(value))
#define NEXT_u64(value)                     \
  do {                                      \
    SLOT(2).u64_ = static_cast<u64>(value); \
    PIPIT_NEXT(kBytes);                     \
  } while (false)
#define NEXT_f32(value) PIPIT_GO(pc + kBytes, acc, (value), fd)
#define NEXT_f64(value) PIPIT_GO(pc + kBytes, acc, fs, (value))

/// One handler: an expression of a and b, or of a, of type T, with a result of type Out.
#define BINARY_HANDLER(id, Out, T, ...) \
  HANDLER(id) {                         \
    const T a = A(T), b = B(T);         \
    NEXT_##Out((__VA_ARGS__));          \
  }
#define UNARY_HANDLER(id, Out, T, ...) \
  HANDLER(id) {                        \
    const T a = A(T);                  \
    NEXT_##Out((__VA_ARGS__));         \
  }

// f64's arithmetic.

#define ARITHMETIC_HANDLER(name, a_, b_, store, ...) \
  HANDLER(name) {                                    \
    const f64 a = (a_), b = (b_);                    \
    const f64 result = __VA_ARGS__;                  \
    store;                                           \
    NEXT_f64(result);                                \
  }
#define TO_SLOT SLOT(2).f64_ = result
#define ARITHMETIC(op, ...)                                           \
  ARITHMETIC_HANDLER(op##_ss_a, A(f64), B(f64), , __VA_ARGS__)        \
  ARITHMETIC_HANDLER(op##_as_a, fd, B(f64), , __VA_ARGS__)            \
  ARITHMETIC_HANDLER(op##_sa_a, B(f64), fd, , __VA_ARGS__)            \
  ARITHMETIC_HANDLER(op##_ss_d, A(f64), B(f64), TO_SLOT, __VA_ARGS__) \
  ARITHMETIC_HANDLER(op##_as_d, fd, B(f64), TO_SLOT, __VA_ARGS__)     \
  ARITHMETIC_HANDLER(op##_sa_d, B(f64), fd, TO_SLOT, __VA_ARGS__)
ARITHMETIC(f64_add, a + b)
ARITHMETIC(f64_sub, a - b)
ARITHMETIC(f64_mul, a* b)
ARITHMETIC(f64_div, a / b)
ARITHMETIC_HANDLER(f64_madd_a, A(f64) * fd, B(f64), , b + a)
ARITHMETIC_HANDLER(f64_madd_d, A(f64) * fd, B(f64), TO_SLOT, b + a)

// Integers.

UNARY_HANDLER(clz, u32, u32, std::countl_zero(a))
UNARY_HANDLER(ctz, u32, u32, std::countr_zero(a))
UNARY_HANDLER(popcnt, u32, u32, std::popcount(a))
BINARY_HANDLER(rotr, u32, u32, std::rotr(a, static_cast<int>(b & 31)))

UNARY_HANDLER(i64_eqz, u32, u64, a == 0)
BINARY_HANDLER(i64_eq, u32, u64, a == b)
BINARY_HANDLER(i64_ne, u32, u64, a != b)
BINARY_HANDLER(i64_lt_s, u32, i64, a < b)
BINARY_HANDLER(i64_lt_u, u32, u64, a < b)
BINARY_HANDLER(i64_gt_s, u32, i64, a > b)
BINARY_HANDLER(i64_gt_u, u32, u64, a > b)
BINARY_HANDLER(i64_le_s, u32, i64, a <= b)
BINARY_HANDLER(i64_le_u, u32, u64, a <= b)
BINARY_HANDLER(i64_ge_s, u32, i64, a >= b)
BINARY_HANDLER(i64_ge_u, u32, u64, a >= b)
UNARY_HANDLER(i64_clz, u64, u64, std::countl_zero(a))
UNARY_HANDLER(i64_ctz, u64, u64, std::countr_zero(a))
UNARY_HANDLER(i64_popcnt, u64, u64, std::popcount(a))
BINARY_HANDLER(i64_add, u64, u64, a + b)
BINARY_HANDLER(i64_sub, u64, u64, a - b)
BINARY_HANDLER(i64_mul, u64, u64, a* b)
BINARY_HANDLER(i64_and, u64, u64, a& b)
BINARY_HANDLER(i64_or, u64, u64, a | b)
BINARY_HANDLER(i64_xor, u64, u64, a ^ b)
BINARY_HANDLER(i64_shl, u64, u64, a << (b & 63))
BINARY_HANDLER(i64_shr_s, u64, i64, a >> (b & 63))
BINARY_HANDLER(i64_shr_u, u64, u64, a >> (b & 63))
BINARY_HANDLER(i64_rotl, u64, u64, std::rotl(a, static_cast<int>(b & 63)))
BINARY_HANDLER(i64_rotr, u64, u64, std::rotr(a, static_cast<int>(b & 63)))
UNARY_HANDLER(i64_extend8_s, u64, i64, static_cast<i64>(static_cast<i8>(a)))
UNARY_HANDLER(i64_extend16_s, u64, i64, static_cast<i64>(static_cast<i16>(a)))
UNARY_HANDLER(i64_extend32_s, u64, i64, static_cast<i64>(static_cast<i32>(a)))
UNARY_HANDLER(i64_extend_i32_s, u64, i32, static_cast<i64>(a))
UNARY_HANDLER(i64_extend_i32_u, u64, u32, a)

#define DIVIDE64(op, T, overflows, ...)                                           \
  HANDLER(i64_##op) {                                                             \
    const T a = A(T), b = B(T);                                                   \
    if (b == 0) [[unlikely]]                                                      \
      return stop_with_trap(PIPIT_MACHINE, pc, TrapKind::integer_divide_by_zero); \
    if (overflows) [[unlikely]]                                                   \
      return stop_with_trap(PIPIT_MACHINE, pc, TrapKind::integer_overflow);       \
    NEXT_u64(__VA_ARGS__);                                                        \
  }
DIVIDE64(div_s, i64, a == std::numeric_limits<i64>::min() && b == -1, a / b)
DIVIDE64(div_u, u64, false, a / b)
DIVIDE64(rem_s, i64, false, b == -1 ? 0 : a % b)
DIVIDE64(rem_u, u64, false, a % b)

// Floats.

/// On the bits: these must not touch a NaN's payload.
#define ON_BITS(T, op, ...)                                          \
  HANDLER(T##_##op) {                                                \
    const auto a = read<BitsOf<T>>(reinterpret_cast<u8*>(&SLOT(3))); \
    const auto b = read<BitsOf<T>>(reinterpret_cast<u8*>(&SLOT(4))); \
    static_cast<void>(b);                                            \
    NEXT_##T(from_bits<T>(__VA_ARGS__));                             \
  }
#define FLOATS(T)                                                      \
  ON_BITS(T, abs, a & ~Float<T>::kSign)                                \
  ON_BITS(T, neg, a ^ Float<T>::kSign)                                 \
  ON_BITS(T, copysign, (a & ~Float<T>::kSign) | (b & Float<T>::kSign)) \
  UNARY_HANDLER(T##_ceil, T, T, ceiled<T>(a))                          \
  UNARY_HANDLER(T##_floor, T, T, floored<T>(a))                        \
  UNARY_HANDLER(T##_trunc, T, T, truncated<T>(a))                      \
  UNARY_HANDLER(T##_nearest, T, T, nearest<T>(a))                      \
  UNARY_HANDLER(T##_sqrt, T, T, std::sqrt(a))                          \
  BINARY_HANDLER(T##_min, T, T, minimum<T>(a, b))                      \
  BINARY_HANDLER(T##_max, T, T, maximum<T>(a, b))
FLOATS(f32)
FLOATS(f64)
BINARY_HANDLER(f64_eq, u32, f64, a == b)
BINARY_HANDLER(f64_ne, u32, f64, a != b)
BINARY_HANDLER(f64_lt, u32, f64, a < b)
BINARY_HANDLER(f64_gt, u32, f64, a > b)
BINARY_HANDLER(f64_le, u32, f64, a <= b)
BINARY_HANDLER(f64_ge, u32, f64, a >= b)

/// `Via` is the type that the conversion is done in: f32 to 64 bits goes through f64, which is exact and
/// shorter.
#define TRUNCATION(id, From, Via, Int, Out)                                                  \
  HANDLER(id) {                                                                              \
    const Via a = A(From);                                                                   \
    Int result;                                                                              \
    if (!truncate(a, result)) [[unlikely]]                                                   \
      return stop_with_trap(                                                                 \
          PIPIT_MACHINE, pc,                                                                 \
          is_nan(a) ? TrapKind::invalid_conversion_to_integer : TrapKind::integer_overflow); \
    NEXT_##Out(result);                                                                      \
  }
#define SATURATION(id, From, Via, Int, Out) \
  HANDLER(id) { NEXT_##Out((saturate<Int, Via>(A(From)))); }
#define FLOAT_TO_INT(from, Via32, Via64)                      \
  TRUNCATION(i32_trunc_##from##_s, from, Via32, i32, u32)     \
  TRUNCATION(i32_trunc_##from##_u, from, Via32, u32, u32)     \
  TRUNCATION(i64_trunc_##from##_s, from, Via64, i64, u64)     \
  TRUNCATION(i64_trunc_##from##_u, from, Via64, u64, u64)     \
  SATURATION(i32_trunc_sat_##from##_s, from, Via32, i32, u32) \
  SATURATION(i32_trunc_sat_##from##_u, from, Via32, u32, u32) \
  SATURATION(i64_trunc_sat_##from##_s, from, Via64, i64, u64) \
  SATURATION(i64_trunc_sat_##from##_u, from, Via64, u64, u64)
FLOAT_TO_INT(f32, f32, f64)
FLOAT_TO_INT(f64, f64, f64)

#define CONVERSIONS(T)                                        \
  UNARY_HANDLER(T##_convert_i32_s, T, i32, static_cast<T>(a)) \
  UNARY_HANDLER(T##_convert_i32_u, T, u32, static_cast<T>(a)) \
  UNARY_HANDLER(T##_convert_i64_s, T, i64, static_cast<T>(a)) \
  UNARY_HANDLER(T##_convert_i64_u, T, u64, static_cast<T>(a))
CONVERSIONS(f32)
CONVERSIONS(f64)
UNARY_HANDLER(f32_demote_f64, f32, f64, static_cast<f32>(a))
UNARY_HANDLER(f64_promote_f32, f64, f32, static_cast<f64>(a))

}  // namespace pipit::wasm::reg
