#include "wasm/native/arithmetic.h"

#include <cmath>

#include "wasm/numeric.h"

namespace pipit::wasm::native::help {

i64 i64_div_s(i64 a, i64 b) { return a / b; }
u64 i64_div_u(u64 a, u64 b) { return a / b; }
i64 i64_rem_s(i64 a, i64 b) { return a % b; }
u64 i64_rem_u(u64 a, u64 b) { return a % b; }

/// -1 less, 0 equal, 1 greater, 2 unordered.
template <class T>
static i32 compare(T a, T b) {
  if (a < b) return -1;
  if (a == b) return 0;
  return a > b ? 1 : 2;
}

#define FLOAT(T, Via)                                     \
  T T##_add(T a, T b) { return a + b; }                   \
  T T##_sub(T a, T b) { return a - b; }                   \
  T T##_mul(T a, T b) { return a * b; }                   \
  T T##_div(T a, T b) { return a / b; }                   \
  T T##_sqrt(T a) { return std::sqrt(a); }                \
  T T##_ceil(T a) { return ceiled<T>(a); }                \
  T T##_floor(T a) { return floored<T>(a); }              \
  T T##_trunc(T a) { return truncated<T>(a); }            \
  T T##_nearest(T a) { return nearest<T>(a); }            \
  i32 T##_compare(T a, T b) { return compare(a, b); }     \
  T T##_from_i32(i32 a) { return static_cast<T>(a); }     \
  T T##_from_u32(u32 a) { return static_cast<T>(a); }     \
  T T##_from_i64(i64 a) { return static_cast<T>(a); }     \
  T T##_from_u64(u64 a) { return static_cast<T>(a); }     \
  i32 i32_from_##T(T a) { return saturate<i32, T>(a); }   \
  u32 u32_from_##T(T a) { return saturate<u32, T>(a); }   \
  i64 i64_from_##T(T a) { return saturate<i64, Via>(a); } \
  u64 u64_from_##T(T a) { return saturate<u64, Via>(a); }
FLOAT(f32, f64)
FLOAT(f64, f64)

f64 f64_promote(f32 a) { return static_cast<f64>(a); }
f32 f32_demote(f64 a) { return static_cast<f32>(a); }

}  // namespace pipit::wasm::native::help
