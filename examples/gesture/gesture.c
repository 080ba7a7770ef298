/* Digits drawn in the air, recognised on a microcontroller.
 *
 * The sensor streams strokes: a byte with the number of points (0 ends), then x and y of each, 16-bit
 * little-endian, in 1/128 of the unit that a wand's gyroscope is integrated to. Every stroke is answered by
 * its digit and the instructions that recognising it took.
 */
#include "board.h"
#include "gesture_model.h"

enum { MOST_POINTS = 160, POINTS = 48, AXES = 2, DIGITS = 10 };

static int16_t stroke[MOST_POINTS][AXES];

static void write_text(const char* text) {
  while (*text) board_write((uint8_t)*text++);
}

static void write_number(uint32_t value) {
  if (value >= 10) write_number(value / 10);
  board_write((uint8_t)('0' + value % 10));
}

/* Reads a stroke; what is longer than our memory is read and left out. */
static int read_stroke(void) {
  const int count = board_read();
  for (int i = 0; i < count; ++i)
    for (int axis = 0; axis < AXES; ++axis) {
      const uint16_t low = board_read(), value = (uint16_t)(low | board_read() << 8);
      if (i < MOST_POINTS) stroke[i][axis] = (int16_t)value;
    }
  return count < MOST_POINTS ? count : MOST_POINTS;
}

static int8_t quantized(float value) {
  const float q = value / GESTURE_MODEL_INPUT0_SCALE;
  const int32_t rounded = (int32_t)(q + (q < 0 ? -0.5f : 0.5f)) + GESTURE_MODEL_INPUT0_ZERO_POINT;
  return (int8_t)(rounded < -128 ? -128 : rounded > 127 ? 127 : rounded);
}

/* As train.py prepares a stroke: POINTS points evenly in time, centred on the box around them, whose longer
 * side becomes -1..1. The box is that of the resampled points. */
static void prepare(int count, int8_t* input) {
  const float step = (float)(count - 1) / (POINTS - 1);
  float low[AXES], high[AXES], side = 0;
  for (int pass = 0; pass < 2; ++pass)
    for (int axis = 0; axis < AXES; ++axis) {
      for (int i = 0; i < POINTS; ++i) {
        const float at = (float)i * step;
        int left = (int)at;
        if (left > count - 2) left = count > 1 ? count - 2 : 0;
        const int right = count > 1 ? left + 1 : left;
        const float value = (float)stroke[left][axis] +
                            (at - (float)left) * (float)(stroke[right][axis] - stroke[left][axis]);
        if (pass == 1) {
          const float centred = side > 0 ? (value - (low[axis] + high[axis]) / 2) * 2 / side : 0;
          input[axis * POINTS + i] = quantized(centred);
        } else {
          if (i == 0 || value < low[axis]) low[axis] = value;
          if (i == 0 || value > high[axis]) high[axis] = value;
        }
      }
      if (pass == 0 && high[axis] - low[axis] > side) side = high[axis] - low[axis];
    }
}

static int most_likely(const int8_t* logits) {
  int best = 0;
  for (int digit = 1; digit < DIGITS; ++digit)
    if (logits[digit] > logits[best]) best = digit;
  return best;
}

int main(void) {
  for (int count = read_stroke(); count > 0; count = read_stroke()) {
    prepare(count, gesture_model_input0());
    const uint32_t before = board_instructions();
    gesture_model_run();
    const uint32_t spent = board_instructions() - before;
    board_write((uint8_t)('0' + most_likely(gesture_model_output0())));
    board_write(' ');
    write_number(spent);
    board_write('\n');
  }
  write_text("stack ");
  write_number(board_stack_peak());
  board_write('\n');
  return 0;
}
