typedef struct {
  int32_t steps, batch, inputs, units, time_major;
} lstm_shape;
/* Index of a step's row among those of x and of the output. */
static inline int32_t lstm_row(const lstm_shape* s, int32_t step, int32_t n) {
  return s->time_major ? step * s->batch + n : n * s->steps + step;
}
