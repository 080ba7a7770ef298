// Floating-point instructions and conversions; what is not an operator of C++ comes from numeric.h.
#include <cmath>

#include "wasm/numeric.h"
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

#define NEXT_f32(bytes, value) PIPIT_GO(pc + (bytes), acc, (value), fd)
#define NEXT_f64(bytes, value) PIPIT_GO(pc + (bytes), acc, fs, (value))
#define ACC_f32 fs
#define ACC_f64 fd

/// One handler: computes an expression of a and b into T's accumulator.
#define BINARY_HANDLER(name, T, a_, b_, bytes, store, ...) \
  HANDLER(name) {                                          \
    const T a = (a_), b = (b_);                            \
    const T result = __VA_ARGS__;                          \
    store;                                                 \
    NEXT_##T(bytes, result);                               \
  }
#define BINARYF(T, op, ...)                                                                             \
  BINARY_HANDLER(T##_##op##_ss_a, T, SLOT(2).T##_, SLOT(3).T##_, 4, , __VA_ARGS__)                      \
  BINARY_HANDLER(T##_##op##_as_a, T, ACC_##T, SLOT(2).T##_, 4, , __VA_ARGS__)                           \
  BINARY_HANDLER(T##_##op##_sa_a, T, SLOT(2).T##_, ACC_##T, 4, , __VA_ARGS__)                           \
  BINARY_HANDLER(T##_##op##_ss_d, T, SLOT(3).T##_, SLOT(4).T##_, 6, SLOT(2).T##_ = result, __VA_ARGS__) \
  BINARY_HANDLER(T##_##op##_as_d, T, ACC_##T, SLOT(3).T##_, 4, SLOT(2).T##_ = result, __VA_ARGS__)      \
  BINARY_HANDLER(T##_##op##_sa_d, T, SLOT(3).T##_, ACC_##T, 4, SLOT(2).T##_ = result, __VA_ARGS__)
#define RAREF(T, op, ...) BINARY_HANDLER(T##_##op, T, SLOT(2).T##_, SLOT(3).T##_, 4, , __VA_ARGS__)
/// On the bits: these must not touch a NaN's payload.
#define UNARY_BITS(T, op, ...)                                       \
  HANDLER(T##_##op) {                                                \
    const auto a = read<BitsOf<T>>(reinterpret_cast<u8*>(&SLOT(2))); \
    NEXT_##T(4, from_bits<T>(__VA_ARGS__));                          \
  }
#define UNARYF(T, op, ...)      \
  HANDLER(T##_##op) {           \
    const T a = SLOT(2).T##_;   \
    NEXT_##T(4, (__VA_ARGS__)); \
  }
#define COMPAREF(T, op, ...)                          \
  HANDLER(T##_##op) {                                 \
    const T a = SLOT(2).T##_, b = SLOT(3).T##_;       \
    PIPIT_NEXT_ACC(4, static_cast<u32>(__VA_ARGS__)); \
  }

#define FLOATS(T)                                                                                    \
  BINARYF(T, add, a + b)                                                                             \
  BINARYF(T, sub, a - b)                                                                             \
  BINARYF(T, mul, a* b)                                                                              \
  BINARYF(T, div, a / b)                                                                             \
  RAREF(T, min, minimum<T>(a, b))                                                                    \
  RAREF(T, max, maximum<T>(a, b))                                                                    \
  RAREF(T, copysign, from_bits<T>((to_bits(a) & ~Float<T>::kSign) | (to_bits(b) & Float<T>::kSign))) \
  COMPAREF(T, eq, a == b)                                                                            \
  COMPAREF(T, ne, a != b)                                                                            \
  COMPAREF(T, lt, a < b)                                                                             \
  COMPAREF(T, gt, a > b)                                                                             \
  COMPAREF(T, le, a <= b)                                                                            \
  COMPAREF(T, ge, a >= b)                                                                            \
  UNARY_BITS(T, abs, a & ~Float<T>::kSign)                                                           \
  UNARY_BITS(T, neg, a ^ Float<T>::kSign)                                                            \
  UNARYF(T, ceil, ceiled<T>(a))                                                                      \
  UNARYF(T, floor, floored<T>(a))                                                                    \
  UNARYF(T, trunc, truncated<T>(a))                                                                  \
  UNARYF(T, nearest, nearest<T>(a))                                                                  \
  UNARYF(T, sqrt, std::sqrt(a))
FLOATS(f32)
FLOATS(f64)

#define MADD(T)                               \
  HANDLER(T##_madd_a) {                       \
    const T product = SLOT(2).T##_ * ACC_##T; \
    PIPIT_ONE_AFTER_THE_OTHER();              \
    NEXT_##T(4, SLOT(3).T##_ + product);      \
  }                                           \
  HANDLER(T##_madd_d) {                       \
    const T product = SLOT(3).T##_ * ACC_##T; \
    PIPIT_ONE_AFTER_THE_OTHER();              \
    const T result = SLOT(4).T##_ + product;  \
    SLOT(2).T##_ = result;                    \
    NEXT_##T(6, result);                      \
  }
MADD(f32)
MADD(f64)

/// `Via` is the type that the conversion is done in: f32 to 64 bits goes through f64, which is exact and
/// shorter.
#define TRUNCATION(id, at, From, Via, Out, finish)                                           \
  HANDLER(id) {                                                                              \
    const Via a = SLOT(at).From##_;                                                          \
    Out result;                                                                              \
    if (!truncate(a, result)) [[unlikely]]                                                   \
      return stop_with_trap(                                                                 \
          PIPIT_MACHINE, pc,                                                                 \
          is_nan(a) ? TrapKind::invalid_conversion_to_integer : TrapKind::integer_overflow); \
    finish;                                                                                  \
  }
#define SATURATION(id, at, From, Via, Out, finish)           \
  HANDLER(id) {                                              \
    const Out result = saturate<Out, Via>(SLOT(at).From##_); \
    finish;                                                  \
  }
#define TO_ACC PIPIT_NEXT_ACC(4, static_cast<u32>(result))
#define TO_SLOT                            \
  SLOT(2).u64_ = static_cast<u64>(result); \
  PIPIT_NEXT(4)
#define FLOAT_TO_INT(from, Via32, Via64)                             \
  TRUNCATION(i32_trunc_##from##_s, 2, from, Via32, i32, TO_ACC)      \
  TRUNCATION(i32_trunc_##from##_u, 2, from, Via32, u32, TO_ACC)      \
  TRUNCATION(i64_trunc_##from##_s, 3, from, Via64, i64, TO_SLOT)     \
  TRUNCATION(i64_trunc_##from##_u, 3, from, Via64, u64, TO_SLOT)     \
  SATURATION(i32_trunc_sat_##from##_s, 2, from, Via32, i32, TO_ACC)  \
  SATURATION(i32_trunc_sat_##from##_u, 2, from, Via32, u32, TO_ACC)  \
  SATURATION(i64_trunc_sat_##from##_s, 3, from, Via64, i64, TO_SLOT) \
  SATURATION(i64_trunc_sat_##from##_u, 3, from, Via64, u64, TO_SLOT)
FLOAT_TO_INT(f32, f32, f64)
FLOAT_TO_INT(f64, f64, f64)

#define CONVERSION(id, T, source) \
  HANDLER(id) { NEXT_##T(4, static_cast<T>(source)); }
CONVERSION(f32_convert_i32_s, f32, SLOT(2).i32_)
CONVERSION(f32_convert_i32_u, f32, SLOT(2).u32_)
CONVERSION(f32_convert_i64_s, f32, SLOT(2).i64_)
CONVERSION(f32_convert_i64_u, f32, SLOT(2).u64_)
CONVERSION(f32_demote_f64, f32, SLOT(2).f64_)
CONVERSION(f64_convert_i32_s, f64, SLOT(2).i32_)
CONVERSION(f64_convert_i32_u, f64, SLOT(2).u32_)
CONVERSION(f64_convert_i64_s, f64, SLOT(2).i64_)
CONVERSION(f64_convert_i64_u, f64, SLOT(2).u64_)
CONVERSION(f64_promote_f32, f64, SLOT(2).f32_)

}  // namespace pipit::wasm::reg
