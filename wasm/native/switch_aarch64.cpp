// Stack switching for the procedure call standard of AArch64: callee-saved are x19-x30 and the lower halves
// of v8-v15.
#include "wasm/native/context.h"

asm(R"(
  .text
  .p2align 4
  .globl pipit_native_switch
  .type pipit_native_switch, %function
pipit_native_switch:
  sub sp, sp, #160
  stp x19, x20, [sp]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x2, sp
  str x2, [x0]
  mov x0, x1
  .globl pipit_native_abandon
  .type pipit_native_abandon, %function
pipit_native_abandon:
  mov sp, x0
  ldp x19, x20, [sp]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
  .globl pipit_native_begin
  .type pipit_native_begin, %function
pipit_native_begin:
  mov x0, x19
  bl pipit_native_main
  brk #1
)");

namespace pipit::wasm::native {

/// Instruction caches need not see what was written as data (Arm ARM, B2.4.4).
void publish_code(Bytes image) {
  char* const begin = const_cast<char*>(reinterpret_cast<const char*>(image.data()));
  __builtin___clear_cache(begin, begin + image.size());
}

void* prepare_stack(u8* top, NativeRun* run) {
  auto* words = reinterpret_cast<usize*>(top) - 20;  // x19-x30, d8-d15
  for (u32 i = 0; i < 20; ++i) words[i] = 0;
  words[0] = reinterpret_cast<usize>(run);
  words[11] = reinterpret_cast<usize>(&pipit_native_begin);  // x30
  return words;
}

}  // namespace pipit::wasm::native
