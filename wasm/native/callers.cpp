#include "wasm/native/callers.h"

#include <cstring>

#include "wasm/native/context.h"

namespace pipit::wasm::native {
namespace {

/// Whether a call ends right before `at`. x86-64: E8 with a distance, or FF /2 with a register or memory
/// operand; AArch64: BL with a distance, or BLR with a register.
bool follows_a_call(const u8* at) {
#if defined(__x86_64__)
  if (at[-5] == 0xE8) return true;
  for (const int length : {2, 3, 4, 6, 7})
    if (at[-length] == 0xFF && (at[1 - length] & 0x38) == 0x10) return true;
  return false;
#else
  u32 word = 0;
  std::memcpy(&word, at - 4, sizeof word);
  return (word & 0xFC00'0000) == 0x9400'0000 || (word & 0xFFFF'FC1F) == 0xD63F'0000;
#endif
}

}  // namespace

void visit_callers(const InstanceImpl& instance, const NativeModule& module, CallVisitor visitor) {
  const NativeRun& run = run_of(instance);
  if (run.trap_sp == nullptr) return;
  const usize top = reinterpret_cast<usize>(run.stack) + instance.stack_bytes;
  for (auto* word = static_cast<const usize*>(run.trap_sp); reinterpret_cast<usize>(word + 1) <= top;
       ++word) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a word of the stack, which may be an address
    const u8* const pc = reinterpret_cast<const u8*>(*word);
    if (!module.contains(pc - 8) || !module.contains(pc) || !follows_a_call(pc)) continue;
    const u32 offset = module.offset_at(pc - 1);
    if (offset != 0) visitor.visit(visitor.context, {instance.module->func_at(offset), offset});
  }
}

}  // namespace pipit::wasm::native
