static void softmax_i8(const int8_t* x, int32_t rows, int32_t columns, float scale, float out_scale,
                       int32_t zero, int8_t* out) {
  for (; rows > 0; --rows, x += columns, out += columns) {
    int32_t highest = x[0];
    float sum = 0;
    for (int32_t i = 1; i < columns; ++i)
      if (x[i] > highest) highest = x[i];
    for (int32_t i = 0; i < columns; ++i) sum += exp_negative(scale * (float)(x[i] - highest));
    for (int32_t i = 0; i < columns; ++i)
      out[i] = quantize_value(exp_negative(scale * (float)(x[i] - highest)) / sum, out_scale, zero);
  }
}
