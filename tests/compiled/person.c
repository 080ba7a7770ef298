/* Person detection on a bare board: a byte that is not 0, then an int8 picture of 96 x 96 x 3; answered by
 * both scores, from 0 to 255, and the instructions that the inference took. */
#include "board.h"
#include "person_model.h"

static void write_number(uint32_t value) {
  if (value >= 10) write_number(value / 10);
  board_write((uint8_t)('0' + value % 10));
}

int main(void) {
  while (board_read() != 0) {
    int8_t* picture = person_model_input0();
    for (int i = 0; i < PERSON_MODEL_INPUT0_ELEMENTS; ++i) picture[i] = (int8_t)board_read();
    const uint32_t before = board_instructions();
    person_model_run();
    const uint32_t spent = board_instructions() - before;
    for (int i = 0; i < PERSON_MODEL_OUTPUT0_ELEMENTS; ++i) {
      write_number((uint32_t)(person_model_output0()[i] + 128));
      board_write(' ');
    }
    write_number(spent);
    board_write('\n');
  }
  return 0;
}
