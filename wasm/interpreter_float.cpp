// Floating-point instructions and conversions (Wasm 2.0 §4.3.3-4.3.4). Built with -ffp-contract=off and
// -fno-math-errno; correct with hardware and with software floating point, because nothing relies on how a
// target propagates a NaN beyond that arithmetic on one yields a quiet one.
#include <cmath>

#include "wasm/interpreter_operators.h"
#include "wasm/numeric.h"

namespace pipit::wasm {

// abs, neg and copysign work on the bits: they must not touch a NaN's payload.
#define FLOAT(prefix, T)                                                    \
  BINARY(prefix##_eq, T, u32, a == b)                                       \
  BINARY(prefix##_ne, T, u32, a != b)                                       \
  BINARY(prefix##_lt, T, u32, a < b)                                        \
  BINARY(prefix##_gt, T, u32, a > b)                                        \
  BINARY(prefix##_le, T, u32, a <= b)                                       \
  BINARY(prefix##_ge, T, u32, a >= b)                                       \
  UNARY(prefix##_abs, Float<T>::Bits, Float<T>::Bits, a & ~Float<T>::kSign) \
  UNARY(prefix##_neg, Float<T>::Bits, Float<T>::Bits, a ^ Float<T>::kSign)  \
  UNARY(prefix##_ceil, T, T, ceiled<T>(a))                                  \
  UNARY(prefix##_floor, T, T, floored<T>(a))                                \
  UNARY(prefix##_trunc, T, T, truncated<T>(a))                              \
  UNARY(prefix##_nearest, T, T, nearest<T>(a))                              \
  UNARY(prefix##_sqrt, T, T, std::sqrt(a))                                  \
  BINARY(prefix##_add, T, T, a + b)                                         \
  BINARY(prefix##_sub, T, T, a - b)                                         \
  BINARY(prefix##_mul, T, T, a* b)                                          \
  BINARY(prefix##_div, T, T, a / b)                                         \
  BINARY(prefix##_min, T, T, minimum<T>(a, b))                              \
  BINARY(prefix##_max, T, T, maximum<T>(a, b))                              \
  BINARY(prefix##_copysign, Float<T>::Bits, Float<T>::Bits, (a & ~Float<T>::kSign) | (b & Float<T>::kSign))

FLOAT(f32, f32)
FLOAT(f64, f64)

/// `Via` is the type that the conversion is done in: f32 to 64 bits goes through f64, which is exact and
/// shorter.
#define TRUNCATION(id, In, Via, Out)                                                                    \
  void op_##id(PIPIT_HANDLER_ARGS) {                                                                    \
    const Via a = get<In>(sp[-1]);                                                                      \
    Out result;                                                                                         \
    if (!truncate(a, result)) [[unlikely]]                                                              \
      return stop_with_trap(                                                                            \
          m, pc - 1, is_nan(a) ? TrapKind::invalid_conversion_to_integer : TrapKind::integer_overflow); \
    put<Out>(sp[-1], result);                                                                           \
    PIPIT_NEXT(pc, sp);                                                                                 \
  }

#define FLOAT_TO_INT(to, from, From, Via, S, U)                    \
  TRUNCATION(to##_trunc_##from##_s, From, Via, S)                  \
  TRUNCATION(to##_trunc_##from##_u, From, Via, U)                  \
  UNARY(to##_trunc_sat_##from##_s, From, S, (saturate<S, Via>(a))) \
  UNARY(to##_trunc_sat_##from##_u, From, U, (saturate<U, Via>(a)))

FLOAT_TO_INT(i32, f32, f32, f32, i32, u32)
FLOAT_TO_INT(i32, f64, f64, f64, i32, u32)
FLOAT_TO_INT(i64, f32, f32, f64, i64, u64)
FLOAT_TO_INT(i64, f64, f64, f64, i64, u64)

UNARY(f32_convert_i32_s, i32, f32, a)
UNARY(f32_convert_i32_u, u32, f32, a)
UNARY(f32_convert_i64_s, i64, f32, a)
UNARY(f32_convert_i64_u, u64, f32, a)
UNARY(f64_convert_i32_s, i32, f64, a)
UNARY(f64_convert_i32_u, u32, f64, a)
UNARY(f64_convert_i64_s, i64, f64, a)
UNARY(f64_convert_i64_u, u64, f64, a)
UNARY(f32_demote_f64, f64, f32, a)
UNARY(f64_promote_f32, f32, f64, a)

}  // namespace pipit::wasm
