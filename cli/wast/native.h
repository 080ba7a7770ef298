#pragma once
#include <string>
#include <vector>

#include "support/error.h"
#include "wasm/native/native.h"

namespace pipit::wast {

/// Has a module compiled for a target by pipit-aot, which is started once a target and lives beside this
/// process. PIPIT_AOT_OPTIONS, words for pipit-aot, stands for "-O2".
/// `memory_bytes`: what its memory will have, 0 for whatever that is.
support::Result<std::vector<u8>> compile_for(const std::string& target, u32 memory_bytes, Bytes module);
/// The same for this machine, and loads what comes back.
support::Result<const void*> compile_native(const wasm::ValidModule& module, Arena& arena);

}  // namespace pipit::wast
