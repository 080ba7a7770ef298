#pragma once
#include <cstring>

#include "wasm/engine.h"
#include "wasm/opcode.h"

/// The interpreter executes the module's bytes where they lie. Every instruction is one small function, its
/// handler, that ends in a tail call to the next one's: pc, sp and fp stay in argument registers (four
/// arguments, because that is what ARM passes in registers) and the C stack never grows.
namespace pipit::wasm {

using isize = std::ptrdiff_t;

/// A caller, to be gone on with when its callee returns.
struct Frame {
  const u8* pc;
  const SideEntry* side;
  Value* fp;
  const FuncEntry* func;  ///< null at the bottom
  InstanceImpl* instance;
};

struct Machine;
using Handler = void (*)(const u8* pc, Value* sp, Value* fp, Machine* m);

/// What running code touches; together with the handlers' arguments this is the whole machine.
struct Registers {
  const Handler* handlers =
      nullptr;  ///< here rather than as an address in every handler: shorter on all targets
  const SideEntry* side = nullptr;
  u8* memory = nullptr;
  usize memory_bytes = 0;
  Value** globals = nullptr;
  const u8* end = nullptr;  ///< behind the running function's last instruction
  i32 ticks = 0;            ///< fuel left of the current portion; Run::fuel is what is left beyond it
  const FuncEntry* func = nullptr;
  InstanceImpl* instance = nullptr;
  Frame* frame = nullptr;
  const u8* at = nullptr;  ///< the instruction that may trap or be asked again
  Value* sp_at = nullptr;  ///< operands before it
  InstanceImpl* callee_instance = nullptr;
  u32 callee = 0;
};

/// The state of one call stack. Operands and locals grow upwards from `stack`, frames downwards from its end.
struct Machine : Registers, Run {
  const u8* pc = nullptr;
  Value* sp = nullptr;
  Value* fp = nullptr;
};

/// pc: the byte after the opcode; sp: the first free operand; fp: the first local.
#define PIPIT_HANDLER_ARGS                                                               \
  [[maybe_unused]] const u8 *pc, [[maybe_unused]] Value *sp, [[maybe_unused]] Value *fp, \
      [[maybe_unused]] Machine *m

#define OP(code, id, name, immediate, signature, alignment) void op_##id(PIPIT_HANDLER_ARGS);
#include "wasm/opcodes.def"
#undef OP

/// By internal opcode. Codes that no validated module contains lead to a PIPIT_CHECK.
struct HandlerTable {
  Handler entries[256];
};
extern const HandlerTable kHandlers;

// Codes of the machine's own, which stand in its boot code only, and the handlers of what is no instruction.
constexpr u8 kCallStart = 0xF2, kCallEntry = 0xF3, kHalt = 0xF4;
void call_start(PIPIT_HANDLER_ARGS);
void call_entry(PIPIT_HANDLER_ARGS);
void halt(PIPIT_HANDLER_ARGS);
void not_an_instruction(PIPIT_HANDLER_ARGS);
void prefix_fc(PIPIT_HANDLER_ARGS);

/// The table without SIMD; modules that use v128 run with one in which some entries are others
/// (simd_interpreter.cpp).
constexpr HandlerTable make_handlers() {
  HandlerTable table{};
  for (Handler& entry : table.entries) entry = not_an_instruction;
#define OP(code, id, name, immediate, signature, alignment) table.entries[code] = op_##id;
#include "wasm/opcodes.def"
#undef OP
  table.entries[kPrefixFc] = prefix_fc;
  table.entries[kCallStart] = call_start;
  table.entries[kCallEntry] = call_entry;
  table.entries[kHalt] = halt;
  return table;
}

/// Goes on with the handler `next`, or with the instruction at `to` and operands up to `top`.
#define PIPIT_TAIL(next) [[clang::musttail]] return next(pc, sp, fp, m)
#define PIPIT_NEXT(to, top)                                                      \
  do {                                                                           \
    const u8* next_pc = (to);                                                    \
    [[clang::musttail]] return m->handlers[*next_pc](next_pc + 1, (top), fp, m); \
  } while (false)

/// Ends the run; `at` is the instruction at fault.
void stop_with_trap(Machine* m, const u8* at, TrapKind kind);
/// Fuel ran out, or only its portion: goes on or pauses.
void out_of_ticks(PIPIT_HANDLER_ARGS);
/// Calls m->callee of m->callee_instance and returns to pc.
void invoke(PIPIT_HANDLER_ARGS);

/// Whether `size` bytes at `base` + `offset` of the memory lie inside; `at` is where, in any case.
inline bool reach(Machine* m, u32 base, u32 offset, u32 size, u8*& at) {
  if constexpr (sizeof(usize) == 8) {
    const u64 address = u64{base} + offset;
    at = m->memory + address;
    return address + size <= m->memory_bytes;
  } else {
    u32 address;
    const bool wrapped = __builtin_add_overflow(base, offset, &address);
    at = m->memory + address;
    return !wrapped && address <= m->memory_bytes && m->memory_bytes - address >= size;
  }
}

/// Ends a handler whose next instruction is at pc by spending a unit of fuel.
#define PIPIT_SPEND_AND_NEXT()       \
  do {                               \
    if (--m->ticks < 0) [[unlikely]] \
      PIPIT_TAIL(out_of_ticks);      \
    PIPIT_NEXT(pc, sp);              \
  } while (false)

template <class T>
inline T get(const Value& value) {
  T result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}
template <class T>
inline void put(Value& value, T result) {
  std::memcpy(&value, &result, sizeof result);
}

}  // namespace pipit::wasm
