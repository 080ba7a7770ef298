static void softmax_f32(const float* x, int32_t rows, int32_t columns, float* out) {
  for (; rows > 0; --rows, x += columns, out += columns) {
    float highest = x[0], sum = 0;
    for (int32_t i = 1; i < columns; ++i)
      if (x[i] > highest) highest = x[i];
    for (int32_t i = 0; i < columns; ++i) {
      out[i] = exp_negative(x[i] - highest);
      sum += out[i];
    }
    for (int32_t i = 0; i < columns; ++i) out[i] = out[i] / sum;
  }
}
