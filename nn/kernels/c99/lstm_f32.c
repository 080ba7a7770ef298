static inline float lstm_sigmoid(float x) {
  const float power = exp_negative(x < 0 ? x : -x);
  return x < 0 ? power / (1.0f + power) : 1.0f / (1.0f + power);
}
/* Near 0 the quotient of differences would lose its digits: there the first terms of Taylor's series. */
static inline float lstm_tanh(float x) {
  const float magnitude = x < 0 ? -x : x;
  if (magnitude < 0.1f) {
    const float square = x * x;
    return x + x * square * (-0.333333333f + square * (0.133333333f - square * 0.053968254f));
  }
  const float power = exp_negative(-2.0f * magnitude);
  const float value = (1.0f - power) / (1.0f + power);
  return x < 0 ? -value : value;
}
static inline float lstm_gate_f32(const float* weights, const float* x, int32_t inputs,
                                  const float* recurrent, const float* hidden, int32_t units, float sum) {
  for (int32_t i = 0; i < inputs; ++i) sum += weights[i] * x[i];
  for (int32_t i = 0; i < units; ++i) sum += recurrent[i] * hidden[i];
  return sum;
}

/* Gates: input, forget, cell, output. weights are [gate, unit, input], recurrent ones [gate, unit, unit], the
 * bias is [gate, unit]; cells stay within clip where it is not 0. */
static void lstm_f32(const lstm_shape* s, const float* x, const float* weights, const float* recurrent,
                     const float* bias, float clip, float* hidden, float* cells, float* out) {
  for (int32_t n = 0; n < s->batch; ++n, hidden += s->units, cells += s->units)
    for (int32_t step = 0; step < s->steps; ++step) {
      const int32_t row = lstm_row(s, step, n);
      float* h = out + row * s->units;
      for (int32_t unit = 0; unit < s->units; ++unit) {
        float gates[4];
        for (int32_t gate = 0; gate < 4; ++gate) {
          const int32_t at = gate * s->units + unit;
          gates[gate] = lstm_gate_f32(weights + at * s->inputs, x + row * s->inputs, s->inputs,
                                      recurrent + at * s->units, hidden, s->units, bias[at]);
        }
        float cell = lstm_sigmoid(gates[1]) * cells[unit] + lstm_sigmoid(gates[0]) * lstm_tanh(gates[2]);
        if (clip > 0) cell = cell < -clip ? -clip : cell > clip ? clip : cell;
        cells[unit] = cell;
        h[unit] = lstm_sigmoid(gates[3]) * lstm_tanh(cell);
      }
      memcpy(hidden, h, (size_t)s->units * sizeof(float));
    }
}
