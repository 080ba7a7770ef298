#pragma once
#include "wasm/register/machine.h"
#include "wasm/simd.h"

/// SIMD in register code, compiled in by linking pipit_wasm_register_simd.
namespace pipit::wasm::reg {

class FunctionTranslator;

/// Instructions beyond those that are numbered as behind the SIMD prefix.
enum class WideCode : u32 { global_get = kSimdCount, global_set, select, count_ };
constexpr u32 kWideCodes = static_cast<u32>(WideCode::count_);

struct RegisterSimd {
  const Handler* handlers;  ///< kWideCodes of them
  /// Translates the SIMD instruction, or the one on a global or a select whose type is v128, that was read
  /// last.
  void (*translate)(FunctionTranslator& translator);
};

/// Null when it is not linked.
const RegisterSimd* register_simd();

}  // namespace pipit::wasm::reg

/// Weak for the translator, defined in simd_translate.cpp.
extern "C" const pipit::wasm::reg::RegisterSimd pipit_wasm_register_simd;
