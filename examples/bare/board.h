/* What the example needs of a board: bytes in, bytes out, an end. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* The next byte of the sensor's stream; waits for it. */
uint8_t board_read(void);
void board_write(uint8_t byte);
/* Ends the program. */
void board_exit(void);
/* Most bytes of stack ever used, from the pattern that start-up painted. */
uint32_t board_stack_peak(void);
/* Instructions so far, where the board counts them; else 0. */
uint32_t board_instructions(void);

#endif
