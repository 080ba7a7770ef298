// Branches, calls, and what works on whole memories and tables.
#include <algorithm>

#include "wasm/bulk.h"
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

HANDLER(br) { PIPIT_NEXT(read_i16(pc + 2) * 2); }
HANDLER(back) { PIPIT_SPEND_AND_GO(pc + read_i16(pc + 2) * 2); }

/// Ends a handler by going `displacement` units on, or back, which costs fuel.
#define GO_EITHER_WAY(displacement)                      \
  do {                                                   \
    const isize distance = isize{displacement} * 2;      \
    if (distance < 0) PIPIT_SPEND_AND_GO(pc + distance); \
    PIPIT_NEXT(distance);                                \
  } while (false)

HANDLER(br_far) { GO_EITHER_WAY(read<i32>(pc + 2)); }
HANDLER(br_if_far) {
  if (acc == 0) PIPIT_NEXT(6);
  GO_EITHER_WAY(read<i32>(pc + 2));
}
HANDLER(br_table) {
  const u32 index = std::min<u32>(SLOT(2).u32_, read_u16(pc + 4));
  GO_EITHER_WAY(read_i16(pc + 6 + index * 2));
}
HANDLER(br_table_far) {
  const u32 index = std::min<u32>(SLOT(2).u32_, read_u16(pc + 4));
  GO_EITHER_WAY(read<i32>(pc + 6 + index * 4));
}

// Calls. A function's code begins with its head: slots of the frame, first slot to clear, how many.

/// Whether a frame of `slots` at `base` leaves what lies from `frame` on alone.
static bool fits(Machine* m, const Value* base, u32 slots, const Frame* frame) {
  const isize gap = reinterpret_cast<isize>(frame) - reinterpret_cast<isize>(base + slots);
  if (gap < 0) [[unlikely]]
    return false;
  if (static_cast<usize>(gap) < m->least_gap) m->least_gap = static_cast<usize>(gap);
  return true;
}

/// Enters the function whose head `head` is, its frame at `frame_base`. The caller has checked that it fits.
#define BEGIN(head, frame_base)                                                      \
  do {                                                                               \
    fp = (frame_base);                                                               \
    Value* clear = fp + read_u16((head) + 2);                                        \
    for (u32 count = read_u16((head) + 4); count != 0; --count) {                    \
      (clear++)->bits = 0;                                                           \
      asm volatile("" ::: "memory"); /* a call of memset would save all registers */ \
    }                                                                                \
    PIPIT_SPEND_AND_GO((head) + kHeadBytes);                                         \
  } while (false)

#define CALL(entry, bytes)                                          \
  do {                                                              \
    Value* const base_slot = fp + read_u16(pc + 2);                 \
    const u8* const head = m->code + (entry);                       \
    Frame* const frame = m->frame - 1;                              \
    if (!fits(m, base_slot, read_u16(head), frame)) [[unlikely]]    \
      return stop_with_trap(m, pc, TrapKind::call_stack_exhausted); \
    *frame = {pc + (bytes), fp, m->instance};                       \
    m->frame = frame;                                               \
    BEGIN(head, base_slot);                                         \
  } while (false)

HANDLER(call) {
  Machine* const m = PIPIT_MACHINE;
  CALL(m->entries[read_u16(pc + 4)], 6);
}
HANDLER(call_far) {
  Machine* const m = PIPIT_MACHINE;
  CALL(m->entries[read<u32>(pc + 4)], 8);
}

/// Calls a function of the host, m->callee of m->callee_instance with arguments at m->callee_fp, and goes on
/// at m->after.
static void invoke_host(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  const ImportLink& link = m->callee_instance->links[m->callee];
  const HostAction action = link.call(link.context, m->callee_instance->handle, m->callee_fp);
  load_instance(m, m->instance);
  PIPIT_RELOAD_MEMORY();
  switch (action) {
    case HostAction::done: break;
    case HostAction::trap: return stop_with_trap(m, pc, TrapKind::host);
    case HostAction::pending:
      m->pc = pc;
      m->fp = fp;
      m->state = RunState::pending;
      return;
    case HostAction::exit:
      // What the host function set belongs to whom the caller started.
      m->state = RunState::exited;
      return;
  }
  PIPIT_SPEND_AND_GO(pc + m->call_bytes);
}

/// Calls m->callee of m->callee_instance with arguments at m->callee_fp; the instruction has m->call_bytes.
static void invoke(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  const Callee callee = resolve_function(m->callee_instance, m->callee);
  m->callee_instance = callee.instance;
  m->callee = callee.index;
  if (callee.host != nullptr) PIPIT_TAIL(invoke_host);
  const RegisterCode& image = *machine_of(*callee.instance).image;
  const u8* const head = image.code + image.entries[callee.index - callee.instance->module->imported_funcs];
  Frame* const frame = m->frame - 1;
  if (!fits(m, m->callee_fp, read_u16(head), frame)) [[unlikely]]
    return stop_with_trap(m, pc, TrapKind::call_stack_exhausted);
  *frame = {pc + m->call_bytes, fp, m->instance};
  m->frame = frame;
  if (callee.instance != m->instance) {
    load_instance(m, callee.instance);
    PIPIT_RELOAD_MEMORY();
  }
  BEGIN(head, m->callee_fp);
}

/// Calls m->callee in place of the running function. What the host's functions return, the instruction behind
/// returns.
static void invoke_tail(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  const Callee callee = resolve_function(m->callee_instance, m->callee);
  m->callee_instance = callee.instance;
  m->callee = callee.index;
  if (callee.host != nullptr) PIPIT_TAIL(invoke_host);
  const ModuleImpl& module = *callee.instance->module;
  const RegisterCode& image = *machine_of(*callee.instance).image;
  const u8* const head = image.code + image.entries[callee.index - module.imported_funcs];
  if (!fits(m, fp, read_u16(head), m->frame)) [[unlikely]]
    return stop_with_trap(m, pc, TrapKind::call_stack_exhausted);
  std::memmove(static_cast<void*>(fp), m->callee_fp,
               module.type_of(callee.index).param_slots * sizeof(Value));
  if (callee.instance != m->instance) {
    load_instance(m, callee.instance);
    PIPIT_RELOAD_MEMORY();
  }
  BEGIN(head, fp);
}

/// What a call through m->instance's own function index begins with.
#define NAME_CALLEE()                   \
  m->callee_instance = m->instance;     \
  m->callee = read<u32>(pc + 4);        \
  m->callee_fp = fp + read_u16(pc + 2); \
  m->call_bytes = 8

HANDLER(call_import) {
  Machine* const m = PIPIT_MACHINE;
  NAME_CALLEE();
  PIPIT_TAIL(invoke);
}
HANDLER(return_call) {
  Machine* const m = PIPIT_MACHINE;
  NAME_CALLEE();
  PIPIT_TAIL(invoke_tail);
}

/// Finds the callee of an indirect call; the element's number lies behind the arguments.
static TrapKind name_indirect(Machine* m, const u8* pc, Value* fp) {
  const u32 type = read_u16(pc + 4);
  m->callee_fp = fp + read_u16(pc + 2);
  m->call_bytes = 8;
  const u32 element = m->callee_fp[m->instance->module->types[type].param_slots].u32_;
  return find_indirect(*m->instance, type, read_u16(pc + 6), element, m->callee_instance, m->callee);
}
HANDLER(call_indirect) {
  Machine* const m = PIPIT_MACHINE;
  const TrapKind fault = name_indirect(m, pc, fp);
  if (fault != TrapKind::none) [[unlikely]]
    return stop_with_trap(m, pc, fault);
  PIPIT_TAIL(invoke);
}
HANDLER(return_call_indirect) {
  Machine* const m = PIPIT_MACHINE;
  const TrapKind fault = name_indirect(m, pc, fp);
  if (fault != TrapKind::none) [[unlikely]]
    return stop_with_trap(m, pc, fault);
  PIPIT_TAIL(invoke_tail);
}

#define RETURN()                                     \
  do {                                               \
    const Frame* const frame = m->frame++;           \
    fp = frame->fp;                                  \
    pc = frame->pc;                                  \
    if (frame->instance != m->instance) [[unlikely]] \
      PIPIT_TAIL(return_across);                     \
    PIPIT_GO(pc, acc, fs, fd);                       \
  } while (false)

static void return_across(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  load_instance(m, m->frame[-1].instance);
  PIPIT_RELOAD_MEMORY();
  PIPIT_GO(pc, acc, fs, fd);
}
HANDLER(return_0) {
  Machine* const m = PIPIT_MACHINE;
  RETURN();
}
HANDLER(return_1) {
  Machine* const m = PIPIT_MACHINE;
  fp[0] = SLOT(2);
  RETURN();
}
HANDLER(return_a) {
  Machine* const m = PIPIT_MACHINE;
  fp[0].u32_ = acc;
  RETURN();
}
HANDLER(return_n) {
  Machine* const m = PIPIT_MACHINE;
  std::memmove(static_cast<void*>(fp), fp + read_u16(pc + 2), read_u16(pc + 4) * sizeof(Value));
  RETURN();
}

HANDLER(unreachable) {
  Machine* const m = PIPIT_MACHINE;
  stop_with_trap(m, pc, TrapKind::unreachable);
}

// The boot code's instructions.

HANDLER(call_start) {
  Machine* const m = PIPIT_MACHINE;
  m->callee_instance = m->instance;
  m->callee = m->instance->module->start;
  m->callee_fp = fp + m->entry_slots;
  m->call_bytes = 2;
  PIPIT_TAIL(invoke);
}
HANDLER(call_entry) {
  Machine* const m = PIPIT_MACHINE;
  m->callee_instance = m->instance;
  m->callee = m->entry;
  m->callee_fp = fp;
  m->call_bytes = 2;
  PIPIT_TAIL(invoke);
}
HANDLER(halt) {
  Machine* const m = PIPIT_MACHINE;
  m->state = RunState::finished;
}

// Memory as a whole, tables, references.

HANDLER(memory_size) {
  Machine* const m = PIPIT_MACHINE;
  PIPIT_NEXT_ACC(2, m->instance->memory->pages);
}
HANDLER(memory_grow) {
  Machine* const m = PIPIT_MACHINE;
  const u32 old = m->instance->memory->grow(SLOT(2).u32_);
  refresh_memory(m);
  PIPIT_RELOAD_MEMORY();
  PIPIT_NEXT_ACC(4, old);
}

// Operands stand in a row from the slot that the first operand names; `x` and `y` are the indices.
#define ROW(n) fp[read_u16(pc + 2) + (n)].u32_
#define X read_u16(pc + 4)
#define Y read_u16(pc + 6)
#define BULK_HANDLER(id, ...)                 \
  HANDLER(id) {                               \
    Machine* const m = PIPIT_MACHINE;         \
    const TrapKind fault = __VA_ARGS__;       \
    if (fault != TrapKind::none) [[unlikely]] \
      return stop_with_trap(m, pc, fault);    \
    PIPIT_NEXT_ACC(8, 0);                     \
  }
#define EFFECT_HANDLER(id, ...)                        \
  HANDLER(id) {                                        \
    [[maybe_unused]] Machine* const m = PIPIT_MACHINE; \
    __VA_ARGS__;                                       \
    PIPIT_NEXT_ACC(8, 0);                              \
  }
BULK_HANDLER(memory_init, memory_init(*m->instance, X, ROW(0), ROW(1), ROW(2)))
BULK_HANDLER(memory_copy, copy_memory(*m->instance, ROW(0), ROW(1), ROW(2)))
BULK_HANDLER(memory_fill, fill_memory(*m->instance, ROW(0), ROW(1), ROW(2)))
BULK_HANDLER(table_init, table_init(*m->instance, X, Y, ROW(0), ROW(1), ROW(2)))
BULK_HANDLER(table_copy, copy_table(*m->instance, X, Y, ROW(0), ROW(1), ROW(2)))
BULK_HANDLER(table_fill, fill_table(*m->instance, X, ROW(0), ROW(1), ROW(2)))
EFFECT_HANDLER(data_drop, m->instance->drop(m->instance->data_bit(X)))
EFFECT_HANDLER(elem_drop, m->instance->drop(X))
EFFECT_HANDLER(table_grow, ROW(0) = m->instance->tables[X]->grow(ROW(1), ROW(0)))
EFFECT_HANDLER(table_size, ROW(0) = m->instance->tables[X]->size)
EFFECT_HANDLER(ref_func, SLOT(2).u32_ = make_func_ref(m->instance->id, read<u32>(pc + 4)))

HANDLER(table_get) {
  Machine* const m = PIPIT_MACHINE;
  const TableInst& table = *m->instance->tables[X];
  if (ROW(0) >= table.size) [[unlikely]]
    return stop_with_trap(m, pc, TrapKind::out_of_bounds_table_access);
  ROW(0) = table.elements[ROW(0)];
  PIPIT_NEXT_ACC(8, 0);
}
HANDLER(table_set) {
  Machine* const m = PIPIT_MACHINE;
  const TableInst& table = *m->instance->tables[X];
  if (ROW(0) >= table.size) [[unlikely]]
    return stop_with_trap(m, pc, TrapKind::out_of_bounds_table_access);
  table.elements[ROW(0)] = ROW(1);
  PIPIT_NEXT_ACC(8, 0);
}

}  // namespace pipit::wasm::reg
