/* weight_sums: of each output's weights. rows: {scale, zero point} of each vector. */
static void dynamic_fully_connected(const int8_t* x, int32_t batch, int32_t inputs, const float* rows,
                                    const int8_t* w, const float* w_scales, const int32_t* w_sums,
                                    const float* bias, int32_t outputs, float low, float high, float* out) {
  for (; batch > 0; --batch, x += inputs, rows += 2) {
    const int32_t zero = row_zero(rows);
    const int8_t* weight = w;
    for (int32_t o = 0; o < outputs; ++o) {
      int32_t sum = 0;
      for (int32_t i = 0; i < inputs; ++i) sum += x[i] * *weight++;
      const float real = (float)(sum - zero * w_sums[o]) * w_scales[o] * rows[0];
      *out++ = bounded(real + bias[o], low, high);
    }
  }
}
