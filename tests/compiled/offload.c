/* A model of which the matrix engine computes what it can: an input of the model's size, answered by the
 * output's bytes. The engine's registers lie at the end of the memory that the board shares with it; see
 * board.h for the stream. */
#include "board.h"
#include "model.h"
#include "pipit/operator.h"

extern const pipit_operator pipit_operator_matrix_engine_layer;

int main(void) {
  *pipit_operator_matrix_engine_layer.registers = (volatile void*)REGISTERS_AT;
  int8_t* const input = model_input0();
  for (int i = 0; i < MODEL_INPUT0_ELEMENTS; ++i) input[i] = (int8_t)board_read();
  model_run();
  for (int i = 0; i < MODEL_OUTPUT0_ELEMENTS; ++i) board_write((uint8_t)model_output0()[i]);
  return 0;
}
