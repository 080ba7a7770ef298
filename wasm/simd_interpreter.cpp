// SIMD in the in-place interpreter. What each instruction computes is in simd_semantics.h; here is where its
// operands come from, and what differs for instructions that move operands of any type, of which a v128 takes
// two slots.
#include "wasm/simd_interpreter.h"

#include <array>
#include <tuple>

#include "wasm/simd_semantics.h"

namespace pipit::wasm {

namespace {

using simd::V128;

template <class T>
constexpr u32 kSlots = sizeof(T) == 16 ? 2 : 1;

template <class T>
T read_slots(const Value* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
void write_slots(Value* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

/// The next argument from operands in a row.
template <class T>
T take(const Value*& at) {
  const T value = read_slots<T>(at);
  at += kSlots<T>;
  return value;
}

/// Handler<immediate, bytes, F>::run takes F's operands from the stack and its immediate from the code.
template <Immediate kind, u32 bytes, auto F>
struct SimdHandler;

template <u32 bytes, class R, class... A, R (*F)(A...)>
struct SimdHandler<Immediate::none, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= (kSlots<A> + ...);
    const Value* at = sp;
    write_slots(sp, std::apply(F, std::tuple<A...>{take<A>(at)...}));
    PIPIT_NEXT(pc, sp + kSlots<R>);
  }
};

template <u32 bytes, class R, R (*F)(V128, u32)>
struct SimdHandler<Immediate::lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= 2;
    write_slots(sp, F(read_slots<V128>(sp), *pc));
    PIPIT_NEXT(pc + 1, sp + 1);
  }
};

template <u32 bytes, class T, V128 (*F)(V128, T, u32)>
struct SimdHandler<Immediate::lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= 3;
    write_slots(sp, F(read_slots<V128>(sp), read_slots<T>(sp + 2), *pc));
    PIPIT_NEXT(pc + 1, sp + 2);
  }
};

template <u32 bytes, V128 (*F)(V128, V128, const u8*)>
struct SimdHandler<Immediate::shuffle, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= 4;
    write_slots(sp, F(read_slots<V128>(sp), read_slots<V128>(sp + 2), pc));
    PIPIT_NEXT(pc + 16, sp + 2);
  }
};

template <u32 bytes, V128 (*F)(const u8*)>
struct SimdHandler<Immediate::v128, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    write_slots(sp, F(pc));
    PIPIT_NEXT(pc + 16, sp + 2);
  }
};

/// Reads alignment and offset; where the access with base address `base` goes, or null when it must trap.
inline u8* access(Machine* m, const u8*& pc, Value base, u32 bytes) {
  trusted_u32(pc);
  const u32 offset = trusted_u32(pc);
  u8* at;
  return reach(m, base.u32_, offset, bytes, at) ? at : nullptr;
}

#define PIPIT_SIMD_ACCESS(base, at)          \
  u8* const at = access(m, pc, base, bytes); \
  if (at == nullptr) [[unlikely]]            \
  return stop_with_trap(m, m->at, TrapKind::out_of_bounds_memory_access)

template <u32 bytes, V128 (*F)(const u8*)>
struct SimdHandler<Immediate::memarg, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-1], at);
    write_slots(sp - 1, F(at));
    PIPIT_NEXT(pc, sp + 1);
  }
};

template <u32 bytes, void (*F)(u8*, V128)>
struct SimdHandler<Immediate::memarg, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-3], at);
    F(at, read_slots<V128>(sp - 2));
    PIPIT_NEXT(pc, sp - 3);
  }
};

template <u32 bytes, V128 (*F)(const u8*, V128, u32)>
struct SimdHandler<Immediate::memarg_lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-3], at);
    write_slots(sp - 3, F(at, read_slots<V128>(sp - 2), *pc));
    PIPIT_NEXT(pc + 1, sp - 1);
  }
};

template <u32 bytes, void (*F)(u8*, V128, u32)>
struct SimdHandler<Immediate::memarg_lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-3], at);
    F(at, read_slots<V128>(sp - 2), *pc);
    PIPIT_NEXT(pc + 1, sp - 3);
  }
};

constexpr std::array<Handler, kSimdCount> make_table() {
  std::array<Handler, kSimdCount> table{};
  for (Handler& entry : table) entry = not_an_instruction;
#define OP(code, id, name, immediate, signature, alignment) \
  table[code - kFirstSimd] = SimdHandler<Immediate::immediate, 1u << (alignment), simd::id>::run;
#include "wasm/opcodes_simd.def"
#undef OP
  return table;
}

constexpr std::array<Handler, kSimdCount> kTable = make_table();

void prefix_simd(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  const u32 number = trusted_u32(pc);
  [[clang::musttail]] return kTable[number](pc, sp, fp, m);
}

// Operands of any type.

/// Where a local of the running function lies. What open_locals() noted holds while fp does: a caller and its
/// callee share one only when the caller has no locals.
LocalSlot local_slot(Machine* m, const Value* fp, const u8*& pc) {
  if (m->local_slots_fp != fp) [[unlikely]] {
    m->local_slots_fp = fp;
    m->local_slots =
        reinterpret_cast<const LocalSlot*>(fp + m->instance->module->types[m->func->type].param_slots);
  }
  return m->local_slots[trusted_u32(pc)];
}

void copy(Value* to, const Value* from, u32 slots) {
  to[0] = from[0];
  if (slots == 2) to[1] = from[1];
}

void local_get(PIPIT_HANDLER_ARGS) {
  const LocalSlot local = local_slot(m, fp, pc);
  copy(sp, fp + local.slot, 1 + local.is_wide);
  PIPIT_NEXT(pc, sp + 1 + local.is_wide);
}
void local_set(PIPIT_HANDLER_ARGS) {
  const LocalSlot local = local_slot(m, fp, pc);
  sp -= 1 + local.is_wide;
  copy(fp + local.slot, sp, 1 + local.is_wide);
  PIPIT_NEXT(pc, sp);
}
void local_tee(PIPIT_HANDLER_ARGS) {
  const LocalSlot local = local_slot(m, fp, pc);
  copy(fp + local.slot, sp - 1 - local.is_wide, 1 + local.is_wide);
  PIPIT_NEXT(pc, sp);
}

void global_get(PIPIT_HANDLER_ARGS) {
  const u32 index = trusted_u32(pc);
  const u32 slots = slots_of(m->instance->module->globals[index].type);
  copy(sp, m->globals[index], slots);
  PIPIT_NEXT(pc, sp + slots);
}
void global_set(PIPIT_HANDLER_ARGS) {
  const u32 index = trusted_u32(pc);
  const u32 slots = slots_of(m->instance->module->globals[index].type);
  sp -= slots;
  copy(m->globals[index], sp, slots);
  PIPIT_NEXT(pc, sp);
}

void drop(PIPIT_HANDLER_ARGS) {
  sp -= m->side++->drop();
  PIPIT_NEXT(pc, sp);
}

/// The operands' top after choosing one of two that take `slots`.
Value* choose(Value* sp, u32 slots) {
  sp -= 1 + slots;
  if (sp[slots].u32_ == 0) copy(sp - slots, sp, slots);
  return sp;
}
void select(PIPIT_HANDLER_ARGS) {
  sp = choose(sp, m->side++->drop());
  PIPIT_NEXT(pc, sp);
}
void select_t(PIPIT_HANDLER_ARGS) {
  sp = choose(sp, slots_of(pc[1]));
  PIPIT_NEXT(pc + 2, sp);
}

constexpr HandlerTable make_simd_handlers() {
  HandlerTable table = make_handlers();
  const auto set = [&](Op op, Handler handler) { table.entries[static_cast<u16>(op)] = handler; };
  table.entries[kPrefixSimd] = prefix_simd;
  set(Op::local_get, local_get);
  set(Op::local_set, local_set);
  set(Op::local_tee, local_tee);
  set(Op::global_get, global_get);
  set(Op::global_set, global_set);
  set(Op::drop, drop);
  set(Op::select, select);
  set(Op::select_t, select_t);
  return table;
}

}  // namespace

extern constinit const HandlerTable kSimdHandlers = make_simd_handlers();

void simd_open_locals(PIPIT_HANDLER_ARGS) {
  LocalSlot* entry = reinterpret_cast<LocalSlot*>(sp);
  m->local_slots = entry;
  m->local_slots_fp = fp;
  u32 slot = 0;
  const auto add = [&](u8 type) {
    *entry++ = {slot, type == kV128};
    slot += slots_of(type);
  };
  const TypeList params = m->instance->module->params(m->func->type);
  for (const u8 type : params) add(type);
  // The locals come behind these entries, of which there is one each.
  const u8* at = pc;
  u32 locals = static_cast<u32>(params.size());
  for (u32 groups = trusted_u32(at); groups != 0; --groups, ++at) locals += trusted_u32(at);
  slot += local_slots_size(locals);
  const u32 first = slot;
  for (u32 groups = trusted_u32(pc); groups != 0; --groups, ++pc)
    for (u32 count = trusted_u32(pc); count != 0; --count) add(*pc);
  std::memset(fp + first, 0, (slot - first) * sizeof(Value));
  sp = fp + slot;
  PIPIT_SPEND_AND_NEXT();
}

}  // namespace pipit::wasm
