#include <wasm_simd128.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

/* As bounded() of each lane: a NaN passes. */
INLINE v128_t bounded_4(v128_t x, v128_t low, v128_t high) {
  return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low), high);
}

/* x y + z: two roundings, or the processor's choice where relaxed instructions were asked for. */
INLINE v128_t multiply_add(v128_t x, v128_t y, v128_t z) {
#ifdef __wasm_relaxed_simd__
  return wasm_f32x4_relaxed_madd(x, y, z);
#else
  return wasm_f32x4_add(wasm_f32x4_mul(x, y), z);
#endif
}

/* The high words of x[i] y[i]. */
INLINE v128_t multiply_high(v128_t x, v128_t y) {
  return wasm_i32x4_shuffle(wasm_i64x2_extmul_low_i32x4(x, y), wasm_i64x2_extmul_high_i32x4(x, y), 1, 3, 5,
                            7);
}
/* x multiplier / 2^(32 + shift), half rounded up: rescale() for shift >= 1. */
INLINE v128_t rescale_4(v128_t x, v128_t multiplier, int32_t shift) {
  const v128_t half = wasm_i32x4_splat((int32_t)(1u << (shift - 1)));
  return wasm_i32x4_shr(wasm_i32x4_add(multiply_high(x, multiplier), half), (uint32_t)shift);
}
/* Eight sums on their way to int8, in the low half. */
INLINE v128_t narrow_8(v128_t a, v128_t b, int32_t zero, int32_t low, int32_t high) {
  const v128_t words = wasm_i16x8_add_sat(wasm_i16x8_narrow_i32x4(a, b), wasm_i16x8_splat((int16_t)zero));
  const v128_t bytes = wasm_i8x16_narrow_i16x8(words, words);
  return wasm_i8x16_min(wasm_i8x16_max(bytes, wasm_i8x16_splat((int8_t)low)), wasm_i8x16_splat((int8_t)high));
}
