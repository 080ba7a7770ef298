/* Cortex-M4F on QEMU's mps2-an386: CMSDK UART 0 (Arm DDI 0479), SysTick as the counter, semihosting to end.
 */
#include "board.h"
#include "start.h"

#define UART0 ((volatile uint32_t*)0x40004000)
enum { UART_DATA, UART_STATE, UART_CTRL, UART_BAUDDIV = 4 };
enum { STATE_TX_FULL = 1, STATE_RX_FULL = 2, CTRL_TX = 1, CTRL_RX = 2 };
#define SYSTICK ((volatile uint32_t*)0xE000E010)
enum { SYSTICK_CTRL, SYSTICK_RELOAD, SYSTICK_VALUE };
#define CPACR (*(volatile uint32_t*)0xE000ED88)

static uint32_t wraps;

void reset(void) {
  uint32_t here;
  CPACR |= 0xFu << 20; /* the FPU, before any code may touch a float register */
  __asm volatile("dsb\n isb" ::: "memory");
  prepare_memory(&here - 8);
  UART0[UART_BAUDDIV] = 16;
  UART0[UART_CTRL] = CTRL_TX | CTRL_RX;
  SYSTICK[SYSTICK_RELOAD] = 0xFFFFFF;
  SYSTICK[SYSTICK_VALUE] = 0;
  SYSTICK[SYSTICK_CTRL] = 7;
  main();
  board_exit();
}

static void tick(void) { ++wraps; }
static void fault(void) {
  board_write('!');
  board_exit();
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top,
    reset,
    fault,
    fault,
    fault,
    fault,
    fault,
    0,
    0,
    0,
    0,
    fault,
    fault,
    0,
    fault,
    tick};

uint8_t board_read(void) {
  while ((UART0[UART_STATE] & STATE_RX_FULL) == 0) {
  }
  return (uint8_t)UART0[UART_DATA];
}

void board_write(uint8_t byte) {
  while ((UART0[UART_STATE] & STATE_TX_FULL) != 0) {
  }
  UART0[UART_DATA] = byte;
}

/* SYS_EXIT with ADP_Stopped_ApplicationExit. */
void board_exit(void) {
  register uint32_t operation __asm("r0") = 0x18;
  register uint32_t reason __asm("r1") = 0x20026;
  __asm volatile("bkpt 0xAB" ::"r"(operation), "r"(reason) : "memory");
  for (;;) {
  }
}

uint32_t board_stack_peak(void) { return painted_peak(); }

/* The counter runs downwards at 25 MHz; under -icount shift=0 an instruction takes a nanosecond. */
uint32_t board_instructions(void) {
  return (wraps * 0x1000000u + ((0x1000000u - SYSTICK[SYSTICK_VALUE]) & 0xFFFFFFu)) * 40u;
}
