/* Measures a model compiled to C under the name `model` on a board of examples/bare: prints the instructions
 * of one inference and the CRC-32 of output 0. Input byte i is 7 i + 3, float i a 256th of that
 * byte, as in main.cpp. */
#include "board.h"
#include "model.h"

static void print_number(uint32_t value) {
  if (value >= 10) print_number(value / 10);
  board_write((uint8_t)('0' + value % 10));
}

static uint32_t crc32(const uint8_t* bytes, uint32_t count) {
  uint32_t crc = ~0u;
  for (; count > 0; --count) {
    crc ^= *bytes++;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1u));
  }
  return ~crc;
}

int main(void) {
  for (uint32_t i = 0; i < MODEL_INPUT0_ELEMENTS; ++i) {
    const uint8_t byte = (uint8_t)(7 * i + 3);
    if (sizeof *model_input0() == 1)
      ((uint8_t*)model_input0())[i] = byte;
    else
      ((float*)model_input0())[i] = (float)byte / 256.0f;
  }
  const uint32_t before = board_instructions();
  model_run();
  const uint32_t spent = board_instructions() - before;
  print_number(spent);
  board_write(' ');
  print_number(crc32((const uint8_t*)model_output0(), MODEL_OUTPUT0_ELEMENTS * sizeof *model_output0()));
  board_write(' ');
  print_number(board_stack_peak());
  board_write('\n');
  return 0;
}
