/* A model that remembers, on a bare board: a byte of 1 and an input are answered by the bytes of output 0 in
 * hexadecimal, 2 lets the model forget, 0 ends. */
#include "board.h"
#include "sequence_model.h"

static void write_byte(uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  board_write((uint8_t)digits[byte >> 4]);
  board_write((uint8_t)digits[byte & 15]);
}

int main(void) {
  for (uint8_t command = board_read(); command != 0; command = board_read()) {
    if (command == 2) {
      sequence_model_reset();
      continue;
    }
    uint8_t* input = (uint8_t*)sequence_model_input0();
    for (uint32_t i = 0; i < SEQUENCE_MODEL_INPUT0_ELEMENTS * sizeof *sequence_model_input0(); ++i)
      input[i] = board_read();
    sequence_model_run();
    const uint8_t* output = (const uint8_t*)sequence_model_output0();
    for (uint32_t i = 0; i < SEQUENCE_MODEL_OUTPUT0_ELEMENTS * sizeof *sequence_model_output0(); ++i)
      write_byte(output[i]);
    board_write('\n');
  }
  return 0;
}
