#pragma once
#include "wasm/engine.h"

/// Register code: a module translated once, at install time, for the register engine. It is
/// position-independent, does not change and is executed where it lies: flash, or a mapped file. It fits one
/// build of the engine, and no other.
namespace pipit::wasm {

namespace reg {
/// Bytes of a function's head: slots of its frame, first slot to clear, how many.
constexpr u32 kHeadBytes = 6;
}  // namespace reg

/// Where translated code goes, from front to back. `write` answers false when it cannot take more.
struct CodeSink {
  bool (*write)(void* context, Bytes bytes);
  void* context;
};

/// Translates every function of `module`. `scratch` lends memory for one function at a time (about 16 bytes
/// an operand, 4 a local, 32 a nested block, and 4 a function) and has it back afterwards. Errors:
/// out_of_memory (scratch, or the sink), unsupported (a function needs more than register code can name).
Status translate(const ValidModule& module, const CodeSink& sink, Arena& scratch);
/// What translate() wrote, ready to run: InstanceConfig::code for kRegisterEngine. Keeps pointers into the
/// bytes, and is itself kept by instances. The bytes must be 4-aligned and come from where nobody else
/// writes: their checksum tells damage, not malice.
struct RegisterCode {
  /// malformed: damaged. invalid_argument: translated from another module, or for another build of the
  /// engine; the remedy is to translate again.
  static Result<RegisterCode> open(Bytes bytes, const ValidModule& module);

  const u8* code = nullptr;
  const u32* entries = nullptr;  ///< where each defined function begins
  u32 code_bytes = 0;
  u32 function_count = 0;
  u32 shape = 0;  ///< the same wherever the same translator made it, on any target
  const ModuleImpl* module = nullptr;
};

/// Translates into memory of `arena`, for where there is enough of it; opened, and as long-lived as the
/// arena's memory.
Result<const RegisterCode*> translate_in(const ValidModule& module, Arena& arena);

/// Executes register code.
extern const Engine kRegisterEngine;

/// The Wasm offset that the instruction at `position` of a function's register code comes from, found by
/// translating the function once more; 0 when `scratch` is too small for that.
u32 wasm_offset(const ModuleImpl& module, u32 func, u32 position, Arena& scratch);

}  // namespace pipit::wasm
