static void dynamic_quantize(const float* x, const float* scales, int32_t rows, int32_t columns,
                             int8_t* out) {
  for (; rows > 0; --rows, scales += 2) {
    const float inverse = 1.0f / scales[0], zero = (float)row_zero(scales);
    for (int32_t i = 0; i < columns; ++i) {
      float q = *x++ * inverse + zero;
      if (!(q > -1024.0f)) q = q < 0 ? -1024.0f : zero; /* not a number: zero */
      if (q > 1024.0f) q = 1024.0f;
      const int32_t value = round_away(q);
      *out++ = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
  }
}
