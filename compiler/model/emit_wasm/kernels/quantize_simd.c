/* As quantize_value; f32x4.nearest rounds half to even, and pmax lets a NaN become the lowest. */
INLINE v128_t quantize_4(const float* x, v128_t scale, v128_t zero) {
  const v128_t beyond = wasm_f32x4_splat(1024.0f);
  const v128_t q = wasm_f32x4_pmax(wasm_f32x4_splat(-1024.0f), wasm_f32x4_div(wasm_v128_load(x), scale));
  return wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(wasm_f32x4_pmin(q, beyond))), zero);
}
static void quantize_f32_simd(const float* x, int32_t count, float scale, int32_t zero, int8_t* out) {
  const v128_t scales = wasm_f32x4_splat(scale), zeros = wasm_i32x4_splat(zero);
  for (int32_t i = 0; i < count; i += 8) {
    float tail[8] = {0};
    if (count - i < 8) memcpy(tail, x + i, (size_t)(count - i) * sizeof(float));
    const float* from = count - i < 8 ? tail : x + i;
    store_8(narrow_8(quantize_4(from, scales, zeros), quantize_4(from + 4, scales, zeros), 0, -128, 127),
            count - i, out + i);
  }
}
