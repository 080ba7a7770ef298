#pragma once
#include "wasm/register/machine.h"
#include "wasm/simd.h"

/// SIMD in register code, compiled in by linking pipit_wasm_register_simd. Its instructions are numbered as
/// behind the SIMD prefix, then as here.
namespace pipit::wasm::reg {

class FunctionTranslator;

constexpr u32 kMemoryOps = 22;  ///< instructions that access memory, the first 12 and from 0x54 on
constexpr u32 memory_number(u32 number) { return number < 12 ? number : number - 0x54 + 12; }
constexpr bool is_memory_number(u32 number) { return number < 12 || (number >= 0x54 && number < 0x54 + 10); }

enum class WideCode : u32 {
  global_get = kSimdCount,
  global_set,
  select,
  copy,
  wrapping,                         ///< accesses at a slot + a wrapping constant, by memory_number()
  indexed = wrapping + kMemoryOps,  ///< at a slot + a slot
  first_pair = indexed + kMemoryOps,
  before_pairs_ = first_pair - 1,
#define P(first, second) first##_then_##second,
#include "wasm/register/simd_pairs.def"
#undef P
  count_
};
constexpr u32 kWideCodes = static_cast<u32>(WideCode::count_);
constexpr Code wide_code(u32 number) { return static_cast<Code>(kCodes + 1 + number); }

struct RegisterSimd {
  /// The handler of an instruction by its number, of which there are kWideCodes.
  Handler (*handler)(u32 number);
  /// Translates the SIMD instruction, or the one on a global or a select whose type is v128, that was read
  /// last.
  void (*translate)(FunctionTranslator& translator);
  /// Copies a v128 between slots that instructions can name: in one piece, because a load that takes two
  /// stores' bytes waits for both to reach the cache.
  void (*copy)(FunctionTranslator& translator, u8 to, u8 from);
  /// The instruction that does the work of both; count_ when there is none.
  Code (*pair)(Code first, Code second);
  /// Whether it accesses memory, and so may trap.
  bool (*accesses)(Code code);
};

/// Null when it is not linked.
const RegisterSimd* register_simd();
/// RegisterSimd::handler, for the machine at hand.
Handler wide_handler(u32 number);

}  // namespace pipit::wasm::reg

/// Weak for the translator, defined in simd_translate.cpp.
extern "C" const pipit::wasm::reg::RegisterSimd pipit_wasm_register_simd;
