#pragma once
#include "wasm/native/native.h"

/// Running an application's native code instead of its module's bytes. Naming kNativeRuntime is what links
/// it; a device without runs every application from its module.
namespace pipit::agent {

struct NativeRuntime {
  /// Verifies `file` against `module` and `machine`, and configures an instance to run it in place; what that
  /// takes of memory lies in `arena`. Errors: those of NativeModule::load, of which `unsupported` means that
  /// the module itself can still run; out_of_memory.
  Status (*prepare)(Bytes file, const wasm::ValidModule& module, const wasm::native::Machine& machine,
                    Arena& arena, wasm::InstanceConfig& config);
};

extern const NativeRuntime kNativeRuntime;

/// What a device can run natively: nothing by default. Without a runtime it is the platform that runs it
/// (Platform::equip).
struct NativeSupport {
  const NativeRuntime* runtime = nullptr;
  wasm::native::Machine machine{};

  u8 target() const { return static_cast<u8>(machine.target); }
};

}  // namespace pipit::agent
