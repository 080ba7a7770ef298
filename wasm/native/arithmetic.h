#pragma once
#include "base/types.h"

/// Arithmetic for targets without the instructions (helpers.def). The caller has checked divisors;
/// truncations saturate.
namespace pipit::wasm::native::help {

#define PIPIT_INT_HELPERS(X) X(i64_div_s, i64) X(i64_div_u, u64) X(i64_rem_s, i64) X(i64_rem_u, u64)
#define X(id, T) T id(T a, T b);
PIPIT_INT_HELPERS(X)
#undef X

#define PIPIT_FLOAT_HELPERS(T) \
  T T##_add(T a, T b);         \
  T T##_sub(T a, T b);         \
  T T##_mul(T a, T b);         \
  T T##_div(T a, T b);         \
  T T##_sqrt(T a);             \
  T T##_ceil(T a);             \
  T T##_floor(T a);            \
  T T##_trunc(T a);            \
  T T##_nearest(T a);          \
  i32 T##_compare(T a, T b);   \
  T T##_from_i32(i32 a);       \
  T T##_from_u32(u32 a);       \
  T T##_from_i64(i64 a);       \
  T T##_from_u64(u64 a);       \
  i32 i32_from_##T(T a);       \
  u32 u32_from_##T(T a);       \
  i64 i64_from_##T(T a);       \
  u64 u64_from_##T(T a);
PIPIT_FLOAT_HELPERS(f32)
PIPIT_FLOAT_HELPERS(f64)
#undef PIPIT_FLOAT_HELPERS

f64 f64_promote(f32 a);
f32 f32_demote(f64 a);

}  // namespace pipit::wasm::native::help
