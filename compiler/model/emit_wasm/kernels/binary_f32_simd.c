/* b repeats along a. */
#define BINARY_F32(name, vector, scalar)                                                                   \
  static void name(const float* a, int32_t count, const float* b, int32_t b_count, float low, float high,  \
                   float* out) {                                                                           \
    const v128_t lowest = wasm_f32x4_splat(low), highest = wasm_f32x4_splat(high);                         \
    for (int32_t first = 0; first < count; first += b_count, a += b_count, out += b_count) {               \
      int32_t i = 0;                                                                                       \
      for (; i + 4 <= b_count; i += 4)                                                                     \
        wasm_v128_store(out + i,                                                                           \
                        bounded_4(vector(wasm_v128_load(a + i), wasm_v128_load(b + i)), lowest, highest)); \
      for (; i < b_count; ++i) out[i] = bounded(a[i] scalar b[i], low, high);                              \
    }                                                                                                      \
  }
