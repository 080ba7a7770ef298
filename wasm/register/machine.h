#pragma once
#include <cstring>

#include "wasm/engine.h"
#include "wasm/register/forms.h"
#include "wasm/register/translate.h"

/// The register machine. Every instruction is one function, its handler, that ends in a tail call to the next
/// one's; the machine's registers are the handlers' arguments, as many as a target passes in registers.
namespace pipit::wasm::reg {

using isize = std::ptrdiff_t;

/// A caller, to be gone on with when its callee returns.
struct Frame {
  const u8* pc;  ///< behind the call
  Value* fp;
  InstanceImpl* instance;
};

struct Machine;

// pc: this instruction; fp: the frame's first slot; acc, fs, fd: the accumulators for i32, f32 and f64.
// `base` is what handlers' codes are relative to and `mem` the memory, where a register is left for them.
// PIPIT_REST are the arguments that stay as they are.
#if defined(__arm__)
// Four integers are passed in registers, of which handlers need one to compute with: the machine travels in a
// float's.
#define PIPIT_ARGS                                                                     \
  [[maybe_unused]] const u8 *pc, [[maybe_unused]] Value *fp, [[maybe_unused]] u32 acc, \
      [[maybe_unused]] f32 fs, [[maybe_unused]] f64 fd, [[maybe_unused]] f32 machine
#define PIPIT_REST machine
#define PIPIT_MACHINE reinterpret_cast<Machine*>(__builtin_bit_cast(u32, machine))
#define PIPIT_MEMORY PIPIT_MACHINE->memory
#define PIPIT_RELOAD_MEMORY() static_cast<void>(0)
#elif defined(__riscv) && __riscv_xlen == 32
#define PIPIT_ARGS                                                                         \
  [[maybe_unused]] const u8 *pc, [[maybe_unused]] Value *fp, [[maybe_unused]] u32 acc,     \
      [[maybe_unused]] f32 fs, [[maybe_unused]] f64 fd, [[maybe_unused]] Machine *machine, \
      [[maybe_unused]] const u8 *base
#define PIPIT_REST machine, base
#define PIPIT_MACHINE machine
#define PIPIT_MEMORY machine->memory
#define PIPIT_RELOAD_MEMORY() static_cast<void>(0)
#else
#define PIPIT_ARGS                                                                         \
  [[maybe_unused]] const u8 *pc, [[maybe_unused]] Value *fp, [[maybe_unused]] u32 acc,     \
      [[maybe_unused]] f32 fs, [[maybe_unused]] f64 fd, [[maybe_unused]] Machine *machine, \
      [[maybe_unused]] const u8 *base, [[maybe_unused]] u8 *mem
#define PIPIT_REST machine, base, mem
#define PIPIT_MACHINE machine
#define PIPIT_MEMORY mem
#define PIPIT_RELOAD_MEMORY() (mem = machine->memory)
#endif
// Handlers lie in a section of their own, because codes reach only so far. On computers each begins with a
// fetch window of its own: jumps of neighbours that share one are predicted worse (by 12 % of the time,
// measured).
#if defined(__arm__) || (defined(__riscv) && __riscv_xlen == 32)
constexpr usize kHandlerScale = 1;
#define PIPIT_PLACED [[gnu::section(".text.pipit_handlers")]]
#else
#if __has_feature(address_sanitizer)
constexpr usize kHandlerScale = 32;  ///< instrumented handlers are that much larger
#else
constexpr usize kHandlerScale = 8;  ///< reaches further, and costs nothing where an address can be scaled
#endif
#define PIPIT_PLACED [[gnu::aligned(32), gnu::section("pipit_handlers")]]
#endif
#define PIPIT_HANDLER PIPIT_PLACED void

using Handler = void (*)(PIPIT_ARGS);
void op_unreachable(PIPIT_ARGS);

struct Registers {
  u8* memory = nullptr;
  /// How many addresses an access of 1, 2, 4, 8 or 16 bytes may have: [log2 of the size].
  usize reach[5] = {};
  u32 ticks = 0;  ///< fuel left of the current portion; Run::fuel is what is left beyond it
  Value** globals = nullptr;
  Frame* frame = nullptr;
  const u8* code = nullptr;      ///< the running instance's
  const u32* entries = nullptr;  ///< where in it each defined function begins
  InstanceImpl* instance = nullptr;
  u32 imported_funcs = 0;
};

/// The state of one call stack. Operands and locals grow upwards from `stack`, frames downwards from its end.
struct Machine : Registers, Run {
  const RegisterCode* image = nullptr;  ///< of the instance that this machine belongs to
  const u8* pc = nullptr;
  Value* fp = nullptr;
  u16 boot[4] = {};  ///< code that calls the start function and the entry
  InstanceImpl* callee_instance = nullptr;
  u32 callee = 0;
  Value* callee_fp = nullptr;
  u32 call_bytes = 0;  ///< of the call instruction
  bool is_tail_call = false;
  u32 entry_slots = 0;  ///< arguments of the entry
};

inline Machine& machine_of(InstanceImpl& instance) { return static_cast<Machine&>(*instance.run); }

/// The handler of an instruction below Code::count_; on microcontrollers the same one for all numeric ones.
Handler handler_of(Code code);
/// What a handler's 16-bit code is relative to.
inline const u8* handler_base() { return reinterpret_cast<const u8*>(op_unreachable); }

template <class T>
inline T read(const u8* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
inline i16 read_i16(const u8* at) { return *static_cast<const i16*>(__builtin_assume_aligned(at, 2)); }
inline u16 read_u16(const u8* at) { return *static_cast<const u16*>(__builtin_assume_aligned(at, 2)); }

#if defined(__arm__)
/// A code is the low half of its handler's address; all handlers share the high half, which is an immediate:
/// no register but the one that jumps is needed, and that is all there are.
inline Handler handler_at(const u8* pc) {
  usize address = read_u16(pc);
  asm("movt %0, #:upper16:%c1" : "+r"(address) : "i"(op_unreachable));
  return reinterpret_cast<Handler>(address);
}
#define PIPIT_HANDLER_AT(pc) handler_at(pc)
#else
#define PIPIT_HANDLER_AT(pc) \
  reinterpret_cast<Handler>(const_cast<u8*>(base) + isize{read_i16(pc)} * static_cast<isize>(kHandlerScale))
#endif

// Where there are few registers, the next handler's address must not be fetched before the work is done.
#if defined(__arm__)
#define PIPIT_DISPATCH_LAST(to) asm volatile("" ::: "memory")
#else
#define PIPIT_DISPATCH_LAST(to) static_cast<void>(0)
#endif

/// Goes on with the instruction at `to`.
#define PIPIT_GO(to, acc_, fs_, fd_)                                                \
  do {                                                                              \
    const u8* next_pc = (to);                                                       \
    PIPIT_DISPATCH_LAST(next_pc);                                                   \
    const Handler next = PIPIT_HANDLER_AT(next_pc);                                 \
    [[clang::musttail]] return next(next_pc, fp, (acc_), (fs_), (fd_), PIPIT_REST); \
  } while (false)
/// Goes on with the instruction behind one of `bytes`.
#define PIPIT_NEXT(bytes) PIPIT_GO(pc + (bytes), acc, fs, fd)
#define PIPIT_NEXT_ACC(bytes, value) PIPIT_GO(pc + (bytes), (value), fs, fd)
#define PIPIT_TAIL(handler) [[clang::musttail]] return handler(pc, fp, acc, fs, fd, PIPIT_REST)

/// Ends the run with a trap at instruction `pc`.
void stop_with_trap(Machine* m, const u8* pc, TrapKind kind);
/// Fuel ran out, or only its portion: goes on at pc, or pauses.
void out_of_ticks(PIPIT_ARGS);
/// Looks again at what a call may have changed; the memory.
void refresh_memory(Machine* m);
/// Makes `instance` the one that runs.
void load_instance(Machine* m, InstanceImpl* instance);

/// The function, by its number among the defined ones, whose code holds `offset`.
u32 function_at(const RegisterCode& image, u32 offset);

// What an accumulator holds that nobody asks for: `value`, or whatever its register happens to hold.
#if defined(__arm__) || (defined(__riscv) && __riscv_xlen == 32)
inline u32 anything() {
  u32 value;
  asm("" : "=r"(value));
  return value;
}
#define PIPIT_UNUSED(value) anything()
#else
#define PIPIT_UNUSED(value) static_cast<u32>(value)
#endif

// Where there are few registers, operands that need not wait together must not be fetched early.
#if defined(__arm__)
#define PIPIT_ONE_AFTER_THE_OTHER() asm volatile("" : "+r"(pc)::"memory")
#else
#define PIPIT_ONE_AFTER_THE_OTHER() static_cast<void>(0)
#endif

/// Spends a unit of fuel and goes on at `to`.
#define PIPIT_SPEND_AND_GO(to)                                  \
  do {                                                          \
    pc = (to);                                                  \
    PIPIT_ONE_AFTER_THE_OTHER();                                \
    u32& ticks = PIPIT_MACHINE->ticks;                          \
    if (__builtin_sub_overflow(ticks, 1u, &ticks)) [[unlikely]] \
      PIPIT_TAIL(out_of_ticks);                                 \
    PIPIT_GO(pc, acc, fs, fd);                                  \
  } while (false)

// Goes where an instruction's first operand says. Where branch predictors are large, every branch has a jump
// of its own; elsewhere they share one.
#if defined(__arm__) || (defined(__riscv) && __riscv_xlen == 32)
#define PIPIT_TAKE_BRANCH() PIPIT_TAIL(op_br)
#define PIPIT_TAKE_BRANCH_BACK() PIPIT_TAIL(op_back)
#else
#define PIPIT_TAKE_BRANCH() PIPIT_NEXT(isize{read_i16(pc + 2)} * 2)
#define PIPIT_TAKE_BRANCH_BACK() PIPIT_SPEND_AND_GO(pc + isize{read_i16(pc + 2)} * 2)
#endif

/// Copies a slot: where integers have few registers, through one of the floats'.
#if defined(__arm__)
inline void move(Value& to, const Value& from) { to.f64_ = from.f64_; }
#else
inline void move(Value& to, const Value& from) { to = from; }
#endif

// The slot that operand byte `n` names.
#define SLOT(n) fp[pc[n]]

}  // namespace pipit::wasm::reg
