// Stack switching for the AAPCS with floating-point registers (Cortex-M4F and up).
#include "wasm/native/context.h"

asm(R"(
  .syntax unified
  .fpu fpv4-sp-d16
  .text
  .p2align 2
  .globl pipit_native_switch
  .thumb_func
  .type pipit_native_switch, %function
pipit_native_switch:
  push {r4-r11, lr}
  vpush {d8-d15}
  mov r2, sp
  str r2, [r0]
  mov r0, r1
  .globl pipit_native_abandon
  .thumb_func
  .type pipit_native_abandon, %function
pipit_native_abandon:
  mov sp, r0
  vpop {d8-d15}
  pop {r4-r11, pc}
  .globl pipit_native_begin
  .thumb_func
  .type pipit_native_begin, %function
pipit_native_begin:
  mov r0, r4
  bl pipit_native_main
  udf #0
)");

namespace pipit::wasm::native {

void publish_code(Bytes) { asm volatile("dsb\n\tisb" ::: "memory"); }

void* prepare_stack(u8* top, NativeRun* run) {
  auto* words = reinterpret_cast<usize*>(top) - 25;  // d8-d15, r4-r11, pc
  for (u32 i = 0; i < 24; ++i) words[i] = 0;
  words[16] = reinterpret_cast<usize>(run);
  words[24] = reinterpret_cast<usize>(&pipit_native_begin);
  return words;
}

}  // namespace pipit::wasm::native
