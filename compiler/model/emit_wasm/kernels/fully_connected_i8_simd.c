static void fully_connected_i8_simd(const int8_t* x, int32_t batch, int32_t inputs, int32_t w_zero,
                                    const int8_t* panels, int32_t outputs, int32_t zero, int32_t low,
                                    int32_t high, int32_t strip, int32_t* corrections, int8_t* out) {
  int16_t* rows = (int16_t*)(corrections + strip);
  const int32_t step = row_step(inputs);
  for (int32_t first = 0; first < batch; first += strip) {
    const int32_t count = least(strip, batch - first);
    for (int32_t p = 0; p < count; ++p)
      corrections[p] = widen(x + (first + p) * inputs, inputs, w_zero, rows + p * step);
    gemm_i8(rows, step, corrections, count, inputs, panels, outputs, zero, low, high, out + first * outputs,
            outputs);
  }
}
