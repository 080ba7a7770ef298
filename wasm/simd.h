#pragma once
#include "wasm/instance.h"
#include "wasm/opcode.h"

/// SIMD is compiled in by linking pipit_wasm_simd. An image without it carries none of it: the decoder
/// refuses v128 and the 0xFD prefix as unsupported.
namespace pipit::wasm {

class Reader;
struct Instruction;
struct HandlerTable;
struct Machine;

/// What the core asks the feature for.
struct SimdFeature {
  const OpInfo* ops;  ///< kSimdCount of them, by the number behind the prefix
  /// read_instruction() for one that begins with the prefix.
  void (*read)(Reader& reader, Instruction& instruction);
  /// Of the in-place interpreter, for modules that use v128.
  const HandlerTable* handlers;
  /// Goes on with a function of such a module: pc is at its local declarations, sp behind its parameters at
  /// fp.
  void (*open_locals)(const u8* pc, Value* sp, Value* fp, Machine* m);
};

/// Null when it is not linked.
const SimdFeature* simd_feature();

}  // namespace pipit::wasm

/// Weak for the core, defined in simd.cpp.
extern "C" const pipit::wasm::SimdFeature pipit_wasm_simd_feature;
