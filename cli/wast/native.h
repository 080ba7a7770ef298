#pragma once
#include "support/error.h"
#include "wasm/native/native.h"

namespace pipit::wast {

/// Has a module compiled by pipit-aot, which is started once and lives beside this process, and loads what
/// comes back.
support::Result<const void*> compile_native(const wasm::ValidModule& module, Arena& arena);

}  // namespace pipit::wast
