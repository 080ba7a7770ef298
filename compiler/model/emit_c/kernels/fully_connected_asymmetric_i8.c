/* Weights with a zero point. */
static void fully_connected_asymmetric_i8(const int8_t* x, int32_t batch, int32_t inputs, int32_t w_zero,
                                          const int8_t* w, const int32_t* bias, const int32_t* factors,
                                          int32_t outputs, int32_t zero, int32_t low, int32_t high,
                                          int8_t* out) {
  for (; batch > 0; --batch, x += inputs)
    for (int32_t o = 0; o < outputs; ++o) {
      const int8_t* weight = w + o * inputs;
      int32_t sum = bias[o];
      for (int32_t k = 0; k < inputs; ++k) sum += x[k] * (weight[k] - w_zero);
      *out++ = requantize(sum, factors + 2 * o, zero, low, high);
    }
}
