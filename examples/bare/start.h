/* Start-up that both boards share; included by their one C file. Symbols come from the linker script. */
#ifndef START_H
#define START_H

#include <stdint.h>

extern uint32_t stack_bottom[], stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

#define STACK_PATTERN 0xC5C5C5C5u

int main(void);

/* Paints what is free of the stack, copies initial values, clears the rest. */
__attribute__((always_inline)) static inline void prepare_memory(uint32_t* stack_pointer) {
  for (uint32_t* at = stack_bottom; at < stack_pointer; ++at) *(volatile uint32_t*)at = STACK_PATTERN;
  const uint32_t* from = data_load;
  for (uint32_t* to = data_start; to < data_end; ++to) *(volatile uint32_t*)to = *from++;
  for (uint32_t* to = bss_start; to < bss_end; ++to) *(volatile uint32_t*)to = 0;
}

static uint32_t painted_peak(void) {
  const uint32_t* at = stack_bottom;
  while (at < stack_top && *at == STACK_PATTERN) ++at;
  return (uint32_t)((const uint8_t*)stack_top - (const uint8_t*)at);
}

#endif
