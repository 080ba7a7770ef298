static inline int32_t lstm_dot(const int8_t* a, const int8_t* b, int32_t count, int32_t sum) {
  for (int32_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}
/* TensorFlow Lite's int8 activations with an int16 cell of scale 2^-cell_bits, bit for bit: gates in Q3.12,
 * gate values in Q0.15, factors rounded twice. As lstm_f32, but the bias is [2, gate, unit], those of x and
 * of the hidden state; factors are {multiplier, shift} of x and of the hidden state for each gate, then that
 * of the new hidden state, to which hidden_offset is added. */
static void lstm_i8(const lstm_shape* s, const int8_t* x, const int8_t* weights, const int8_t* recurrent,
                    const int32_t* bias, const int32_t* factors, int32_t cell_bits, int32_t clip,
                    int32_t hidden_offset, int8_t* hidden, int16_t* cells, int8_t* out) {
  for (int32_t n = 0; n < s->batch; ++n, hidden += s->units, cells += s->units)
    for (int32_t step = 0; step < s->steps; ++step) {
      const int32_t row = lstm_row(s, step, n);
      int8_t* h = out + row * s->units;
      for (int32_t unit = 0; unit < s->units; ++unit) {
        int16_t gates[4];
        for (int32_t gate = 0; gate < 4; ++gate) {
          const int32_t at = gate * s->units + unit;
          const int32_t from_x = lstm_dot(weights + at * s->inputs, x + row * s->inputs, s->inputs, bias[at]);
          const int32_t from_hidden =
              lstm_dot(recurrent + at * s->units, hidden, s->units, bias[4 * s->units + at]);
          const int64_t sum = (int64_t)q15_saturated(rescale_twice(from_x, factors + 2 * gate)) +
                              rescale_twice(from_hidden, factors + 8 + 2 * gate);
          gates[gate] = (int16_t)(sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum);
        }
        const int32_t kept = (int16_t)rounded_shift(q15_sigmoid(gates[1]) * cells[unit], 15);
        const int32_t added =
            (int16_t)rounded_shift(q15_sigmoid(gates[0]) * q15_tanh(gates[2], 3), 30 - cell_bits);
        int32_t cell = q15_saturated(kept + added);
        if (clip > 0) cell = cell < -clip ? -clip : cell > clip ? clip : cell;
        cells[unit] = (int16_t)cell;
        const int32_t product = q15_sigmoid(gates[3]) * q15_tanh((int16_t)cell, 15 - cell_bits);
        const int64_t value = (int64_t)rescale_twice(product, factors + 16) + hidden_offset;
        h[unit] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
      }
      memcpy(hidden, h, (size_t)s->units);
    }
}
