/* ONNX's recurrent layers of one direction. Rows of w and r are gates after each other, `bias` is that of the
 * input's gates, then that of the state's. */
typedef struct {
  float (*of)(float x, float p, float q);
  float p, q;
} activation_f32;
typedef struct {
  const float *w, *r, *bias, *peepholes;
  const activation_f32* f;
  int32_t inputs, units, gates, linear, coupled;
  float clip; /* 0: none */
} recurrent_layer;

static inline float activated(const recurrent_layer* s, int32_t which, float x) {
  if (s->clip > 0) x = x < -s->clip ? -s->clip : x > s->clip ? s->clip : x;
  return s->f[which].of(x, s->f[which].p, s->f[which].q);
}
static inline float from_input(const recurrent_layer* s, int32_t row, const float* x) {
  float sum = s->bias[row];
  for (int32_t i = 0; i < s->inputs; ++i) sum += x[i] * s->w[row * s->inputs + i];
  return sum;
}
static inline float from_state(const recurrent_layer* s, int32_t row, const float* h) {
  float sum = s->bias[s->gates * s->units + row];
  for (int32_t i = 0; i < s->units; ++i) sum += h[i] * s->r[row * s->units + i];
  return sum;
}
static inline float gate_of(const recurrent_layer* s, int32_t row, const float* x, const float* h) {
  return from_input(s, row, x) + from_state(s, row, h);
}

__attribute__((unused)) static void rnn_step(const recurrent_layer* s, const float* x, const float* h,
                                             float* memory, float* out) {
  (void)memory;
  for (int32_t j = 0; j < s->units; ++j) out[j] = activated(s, 0, gate_of(s, j, x, h));
}
/* Gates: update, reset, candidate. */
__attribute__((unused)) static void gru_step(const recurrent_layer* s, const float* x, const float* h,
                                             float* reset, float* out) {
  const int32_t units = s->units;
  for (int32_t j = 0; j < units; ++j) {
    const float r = activated(s, 0, gate_of(s, units + j, x, h));
    reset[j] = s->linear ? r : r * h[j];
  }
  for (int32_t j = 0; j < units; ++j) {
    const float z = activated(s, 0, gate_of(s, j, x, h));
    const int32_t row = 2 * units + j;
    const float recurrent = s->linear ? reset[j] * from_state(s, row, h) : from_state(s, row, reset);
    out[j] = (1.0f - z) * activated(s, 1, from_input(s, row, x) + recurrent) + z * h[j];
  }
}
/* Gates: input, output, forget, cell; peepholes: input, output, forget. */
__attribute__((unused)) static void lstm_step(const recurrent_layer* s, const float* x, const float* h,
                                              float* cells, float* out) {
  const int32_t units = s->units;
  for (int32_t j = 0; j < units; ++j) {
    const float old = cells[j];
    const float i = activated(s, 0, gate_of(s, j, x, h) + s->peepholes[j] * old);
    const float f =
        s->coupled ? 1.0f - i
                   : activated(s, 0, gate_of(s, 2 * units + j, x, h) + s->peepholes[2 * units + j] * old);
    const float next = f * old + i * activated(s, 1, gate_of(s, 3 * units + j, x, h));
    const float o = activated(s, 0, gate_of(s, units + j, x, h) + s->peepholes[units + j] * next);
    cells[j] = next;
    out[j] = o * activated(s, 2, next);
  }
}

/* x [steps, batch, inputs]; lengths are int32_t, or int64_t where `wide`; h0 and c0 [direction, batch,
 * units]. out: every step's h [steps, direction, batch, units], then the last h and the memory, c of an LSTM.
 */
static void recurrent_f32(const recurrent_layer* layers, int32_t directions, int32_t backwards, int32_t steps,
                          int32_t batch,
                          void (*step)(const recurrent_layer*, const float*, const float*, float*, float*),
                          const float* x, const void* lengths, int32_t wide, const float* h0, const float* c0,
                          float* out) {
  const int32_t units = layers->units, inputs = layers->inputs, state = directions * batch * units;
  float *h = out + steps * state, *memory = h + state;
  memset(out, 0, (size_t)(steps * state) * sizeof(float));
  memcpy(h, h0, (size_t)state * sizeof(float));
  if (c0)
    memcpy(memory, c0, (size_t)state * sizeof(float));
  else
    memset(memory, 0, (size_t)state * sizeof(float));
  for (int32_t d = 0; d < directions; ++d)
    for (int32_t b = 0; b < batch; ++b, h += units, memory += units) {
      int64_t length = 0;
      int32_t narrow;
      memcpy(wide ? (void*)&length : (void*)&narrow, (const uint8_t*)lengths + b * (wide ? 8 : 4),
             wide ? 8 : 4);
      if (!wide) length = narrow;
      length = length < 0 ? 0 : length > steps ? steps : length;
      for (int32_t k = 0; k < (int32_t)length; ++k) {
        const int32_t t = backwards || d == 1 ? (int32_t)length - 1 - k : k;
        float* to = out + ((t * directions + d) * batch + b) * units;
        step(layers + d, x + (t * batch + b) * inputs, h, memory, to);
        memcpy(h, to, (size_t)units * sizeof(float));
      }
    }
}
