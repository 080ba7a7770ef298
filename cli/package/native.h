#pragma once
#include <span>

#include "cli/package/build.h"
#include "wasm/native/targets.h"

/// Native code in packages: the module compiled ahead of time, a layer for each target.
namespace pipit::package {

/// A target that packages can have native code for: every one that there is.
using NativeTarget = wasm::native::TargetName;
std::span<const NativeTarget> native_targets();

/// Compiles the report's module for each of `names` with metering, so that a device can always stop it, and
/// adds what comes out to the package. Errors: not_found (an unknown target, with the names there are; no
/// compiler), invalid_argument with what the compiler said.
support::Status compile_natives(std::span<const std::string> names, BuildReport& report);

/// The manifest's entry: digest, target, and stack for what `engine_stack_bytes` is for the interpreter.
support::Result<link::Blob> native_entry(const registry::NativeModule& native, u32 engine_stack_bytes);

}  // namespace pipit::package
