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
