static void lookup_i8(const int8_t* x, int32_t count, const int8_t* table, int8_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = table[x[i] + 128];
}
