/* (x - x_zero) * 2^20 rescaled by {multiplier, shift}, shift <= 0; ahead by two bits, which |x| leaves, so
 * that the high word of the product suffices. */
INLINE v128_t term_4(v128_t x, int32_t x_zero, const int32_t* factor) {
  return rescale_4(wasm_i32x4_shl(wasm_i32x4_sub(x, wasm_i32x4_splat(x_zero)), 22),
                   wasm_i32x4_splat(factor[0]), 1 - factor[1]);
}
/* As add_i8 for b of a's shape. */
static void add_i8_simd(const int8_t* a, int32_t count, const int8_t* b, int32_t a_zero, int32_t b_zero,
                        const int32_t* factors, int32_t zero, int32_t low, int32_t high, int8_t* out) {
  for (int32_t i = 0; i < count; i += 8) {
    const v128_t x = wasm_i16x8_load8x8(a + i), y = wasm_i16x8_load8x8(b + i);
    v128_t sums[2];
    UNROLLED for (int half = 0; half < 2; ++half) {
      const v128_t p = half == 0 ? wasm_i32x4_extend_low_i16x8(x) : wasm_i32x4_extend_high_i16x8(x),
                   q = half == 0 ? wasm_i32x4_extend_low_i16x8(y) : wasm_i32x4_extend_high_i16x8(y);
      sums[half] = rescale_4(wasm_i32x4_add(term_4(p, a_zero, factors), term_4(q, b_zero, factors + 2)),
                             wasm_i32x4_splat(factors[4]), -factors[5] - 1);
    }
    store_8(narrow_8(sums[0], sums[1], zero, low, high), count - i, out + i);
  }
}
