// Stack switching for RISC-V's ilp32.
#include "wasm/native/context.h"

asm(R"(
  .text
  .p2align 2
  .globl pipit_native_switch
  .type pipit_native_switch, @function
pipit_native_switch:
  addi sp, sp, -64
  sw ra, 0(sp)
  sw s0, 4(sp)
  sw s1, 8(sp)
  sw s2, 12(sp)
  sw s3, 16(sp)
  sw s4, 20(sp)
  sw s5, 24(sp)
  sw s6, 28(sp)
  sw s7, 32(sp)
  sw s8, 36(sp)
  sw s9, 40(sp)
  sw s10, 44(sp)
  sw s11, 48(sp)
  sw sp, 0(a0)
  mv a0, a1
  .globl pipit_native_abandon
  .type pipit_native_abandon, @function
pipit_native_abandon:
  mv sp, a0
  lw ra, 0(sp)
  lw s0, 4(sp)
  lw s1, 8(sp)
  lw s2, 12(sp)
  lw s3, 16(sp)
  lw s4, 20(sp)
  lw s5, 24(sp)
  lw s6, 28(sp)
  lw s7, 32(sp)
  lw s8, 36(sp)
  lw s9, 40(sp)
  lw s10, 44(sp)
  lw s11, 48(sp)
  addi sp, sp, 64
  ret
  .globl pipit_native_begin
  .type pipit_native_begin, @function
pipit_native_begin:
  mv a0, s0
  tail pipit_native_main
)");

namespace pipit::wasm::native {

void publish_code(Bytes) { asm volatile("fence.i" ::: "memory"); }

void* prepare_stack(u8* top, NativeRun* run) {
  auto* words = reinterpret_cast<usize*>(top) - 16;  // ra, s0-s11, padding
  for (u32 i = 0; i < 16; ++i) words[i] = 0;
  words[0] = reinterpret_cast<usize>(&pipit_native_begin);
  words[1] = reinterpret_cast<usize>(run);
  return words;
}

}  // namespace pipit::wasm::native
