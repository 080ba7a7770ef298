/* rv32imac on QEMU's virt: 16550 UART, `instret`, the test finisher to end. */
#include "board.h"
#include "start.h"

#define UART ((volatile uint8_t*)0x10000000)
enum { UART_DATA, UART_LINE_STATUS = 5 };
enum { STATUS_DATA_READY = 1, STATUS_TX_EMPTY = 0x20 };
#define FINISHER (*(volatile uint32_t*)0x100000)

void run(void) {
  uint32_t here;
  prepare_memory(&here - 8);
  main();
  board_exit();
}

__attribute__((naked, section(".start"))) void start(void) {
  __asm volatile("la sp, stack_top\n la t0, fault\n csrw mtvec, t0\n j run");
}

__attribute__((used, aligned(4))) void fault(void) {
  board_write('!');
  board_exit();
}

uint8_t board_read(void) {
  while ((UART[UART_LINE_STATUS] & STATUS_DATA_READY) == 0) {
  }
  return UART[UART_DATA];
}

void board_write(uint8_t byte) {
  while ((UART[UART_LINE_STATUS] & STATUS_TX_EMPTY) == 0) {
  }
  UART[UART_DATA] = byte;
}

void board_exit(void) {
  FINISHER = 0x5555;
  for (;;) {
  }
}

uint32_t board_stack_peak(void) { return painted_peak(); }

uint32_t board_instructions(void) {
  uint32_t count;
  __asm volatile("csrr %0, minstret" : "=r"(count));
  return count;
}
