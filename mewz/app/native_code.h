#pragma once
#include "mewz/cpu/features.h"
#include "wasm/native/native.h"

/// What the kernel gives to native modules: executable memory, linear memories with nothing around them,
/// faults as traps.
namespace pipit::mewz {

/// This processor.
wasm::native::Machine native_machine(const CpuFeatures& cpu);

/// Copies `file` to pages of its own, verifies it against `module`, and makes its code executable and nothing
/// of it writable. Errors: as NativeModule::load; out_of_memory.
Result<wasm::native::NativeModule> load_native(Bytes file, const wasm::ValidModule& module,
                                               const CpuFeatures& cpu);

/// The same for a module that was not decoded: what decoding comes to is in `file`. `code` is the module's
/// bytes. Errors: as NativeModule::load_alone; out_of_memory.
Result<wasm::native::NativeModule::Loaded> load_native_alone(Bytes file, Bytes code, const CpuFeatures& cpu,
                                                             Arena& arena);

/// Gives its pages back; nothing of it may run any more.
void unload_native(const wasm::native::NativeModule& module);

/// One linear memory after another, each given back before the next: an application's.
class GuardedMemory {
 public:
  const wasm::MemorySpace& space();
  void release();

 private:
  wasm::MemorySpace space_{};
  u8* base_ = nullptr;
};

/// Linear memories of 8 GB of address space each, of which only what was committed may be touched.
const wasm::MemorySpace& guarded_memories();
/// Turns page faults of native code outside of linear memory into traps of the run that is on.
const wasm::native::FaultPort& native_faults();

}  // namespace pipit::mewz
