#pragma once
#include "wasm/instance.h"
#include "wasm/register/translate.h"

/// A paused instance as bytes, and back: in another process, after a power cut, or on another board. The
/// format is little-endian and knows nothing of a target: code positions count register code, which is the
/// same everywhere, addresses are slots. It is for the register engine; the layout is described in
/// register/checkpoint.cpp.
namespace pipit::wasm {

/// Writes what `instance` is: memory, globals, tables, and its call stack. Runs of zeros in memory cost
/// nothing. Errors: invalid_argument (neither paused nor pending), unsupported (another engine, or linked to
/// other instances), out_of_memory (the sink takes no more).
Status checkpoint(Instance& instance, const CodeSink& sink);

/// Turns `instance`, fresh from Instance::create for the same module and the register engine, into the one
/// that was written; resume() goes on. Its configuration must leave room: as much stack, memory and table
/// headroom as is in use. `bytes` may come from anywhere: every field is verified before anything changes.
/// Errors: malformed (with the offset), invalid_argument (another module or version, or an instance that runs
/// already), unsupported, out_of_memory (the instance is too small for it, or `scratch` for going over its
/// functions, see translate()).
Status restore(Instance& instance, Bytes bytes, Arena& scratch);

}  // namespace pipit::wasm
