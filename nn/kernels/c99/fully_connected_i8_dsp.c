static void fully_connected_i8(const int8_t* x, int32_t batch, int32_t inputs, const int8_t* w,
                               const int32_t* bias, const int32_t* factors, int32_t outputs, int32_t zero,
                               int32_t low, int32_t high, int8_t* out) {
  const out_range range = range_of(zero, low, high);
  for (; batch > 0; --batch, x += inputs, out += outputs)
    layer_i8(x, inputs, w, bias, factors, outputs, &range, out);
}
