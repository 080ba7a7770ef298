static void sign_flip(const uint8_t* x, int32_t count, uint8_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = x[i] ^ 0x80;
}
