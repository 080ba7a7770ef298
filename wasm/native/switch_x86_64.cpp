// Stack switching for the System V ABI of x86-64.
#include "wasm/native/context.h"

asm(R"(
  .text
  .p2align 4
  .globl pipit_native_switch
  .type pipit_native_switch, @function
pipit_native_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rdi
  .globl pipit_native_abandon
  .type pipit_native_abandon, @function
pipit_native_abandon:
  movq %rdi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .globl pipit_native_begin
  .type pipit_native_begin, @function
pipit_native_begin:
  movq %r12, %rdi
  call pipit_native_main
  ud2
)");

namespace pipit::wasm::native {

/// Caches are coherent (Intel SDM volume 3, 13.6).
void publish_code(Bytes) {}

void* prepare_stack(u8* top, NativeRun* run) {
  auto* words = reinterpret_cast<usize*>(top) - 7;  // r15 r14 r13 r12 rbx rbp, and where to return to
  for (u32 i = 0; i < 6; ++i) words[i] = 0;
  words[3] = reinterpret_cast<usize>(run);
  words[6] = reinterpret_cast<usize>(&pipit_native_begin);
  return words;
}

}  // namespace pipit::wasm::native
