// Integer instructions (Wasm 2.0 §4.3.2), one line each.
#include <bit>
#include <limits>

#include "wasm/interpreter_operators.h"

namespace pipit::wasm {

/// A binary operation that traps with integer_divide_by_zero when b is 0 and with integer_overflow on
/// `overflows`.
#define DIVISION(id, T, overflows, expression)                            \
  void op_##id(PIPIT_HANDLER_ARGS) {                                      \
    const auto b = get<T>(sp[-1]);                                        \
    const auto a = get<T>(sp[-2]);                                        \
    if (b == 0) [[unlikely]]                                              \
      return stop_with_trap(m, pc - 1, TrapKind::integer_divide_by_zero); \
    if (overflows) [[unlikely]]                                           \
      return stop_with_trap(m, pc - 1, TrapKind::integer_overflow);       \
    put<T>(sp[-2], static_cast<T>(expression));                           \
    PIPIT_NEXT(pc, sp - 1);                                               \
  }

#define INTEGER(prefix, U, S)                                                       \
  UNARY(prefix##_eqz, U, u32, a == 0)                                               \
  BINARY(prefix##_eq, U, u32, a == b)                                               \
  BINARY(prefix##_ne, U, u32, a != b)                                               \
  BINARY(prefix##_lt_s, S, u32, a < b)                                              \
  BINARY(prefix##_lt_u, U, u32, a < b)                                              \
  BINARY(prefix##_gt_s, S, u32, a > b)                                              \
  BINARY(prefix##_gt_u, U, u32, a > b)                                              \
  BINARY(prefix##_le_s, S, u32, a <= b)                                             \
  BINARY(prefix##_le_u, U, u32, a <= b)                                             \
  BINARY(prefix##_ge_s, S, u32, a >= b)                                             \
  BINARY(prefix##_ge_u, U, u32, a >= b)                                             \
  UNARY(prefix##_clz, U, U, std::countl_zero(a))                                    \
  UNARY(prefix##_ctz, U, U, std::countr_zero(a))                                    \
  UNARY(prefix##_popcnt, U, U, std::popcount(a))                                    \
  BINARY(prefix##_add, U, U, a + b)                                                 \
  BINARY(prefix##_sub, U, U, a - b)                                                 \
  BINARY(prefix##_mul, U, U, a* b)                                                  \
  DIVISION(prefix##_div_s, S, a == std::numeric_limits<S>::min() && b == -1, a / b) \
  DIVISION(prefix##_div_u, U, false, a / b)                                         \
  DIVISION(prefix##_rem_s, S, false, b == -1 ? 0 : a % b)                           \
  DIVISION(prefix##_rem_u, U, false, a % b)                                         \
  BINARY(prefix##_and, U, U, a& b)                                                  \
  BINARY(prefix##_or, U, U, a | b)                                                  \
  BINARY(prefix##_xor, U, U, a ^ b)                                                 \
  BINARY(prefix##_shl, U, U, a << (b % (sizeof(U) * 8)))                            \
  BINARY(prefix##_shr_s, S, S, a >> (static_cast<U>(b) % (sizeof(U) * 8)))          \
  BINARY(prefix##_shr_u, U, U, a >> (b % (sizeof(U) * 8)))                          \
  BINARY(prefix##_rotl, U, U, std::rotl(a, static_cast<int>(b % (sizeof(U) * 8))))  \
  BINARY(prefix##_rotr, U, U, std::rotr(a, static_cast<int>(b % (sizeof(U) * 8))))  \
  UNARY(prefix##_extend8_s, U, S, static_cast<i8>(a))                               \
  UNARY(prefix##_extend16_s, U, S, static_cast<i16>(a))

INTEGER(i32, u32, i32)
INTEGER(i64, u64, i64)

UNARY(i64_extend32_s, u64, i64, static_cast<i32>(a))
UNARY(i32_wrap_i64, u64, u32, a)
UNARY(i64_extend_i32_s, i32, i64, a)
UNARY(i64_extend_i32_u, u32, u64, a)

// A reinterpretation leaves the slot's bits alone.
#define SAME_BITS(id) \
  void op_##id(PIPIT_HANDLER_ARGS) { PIPIT_NEXT(pc, sp); }
SAME_BITS(i32_reinterpret_f32)
SAME_BITS(i64_reinterpret_f64)
SAME_BITS(f32_reinterpret_i32)
SAME_BITS(f64_reinterpret_i64)

}  // namespace pipit::wasm
