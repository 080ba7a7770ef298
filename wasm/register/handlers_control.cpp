// Branches, calls, and what works on whole memories and tables.
#include <algorithm>

#include "wasm/bulk.h"
#include "wasm/opcode.h"
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

[[gnu::noinline]] HANDLER(br) { PIPIT_NEXT(isize{read_i16(pc + 2)} * 2); }
HANDLER(back) { PIPIT_SPEND_AND_GO(pc + isize{read_i16(pc + 2)} * 2); }

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
  GO_EITHER_WAY(read_i16(pc + 6 + usize{index} * 2));
}
HANDLER(br_table_far) {
  const u32 index = std::min<u32>(SLOT(2).u32_, read_u16(pc + 4));
  GO_EITHER_WAY(read<i32>(pc + 6 + usize{index} * 4));
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
    const u8* const head = (entry);                                 \
    Frame* const frame = m->frame - 1;                              \
    if (!fits(m, base_slot, read_u16(head), frame)) [[unlikely]]    \
      return stop_with_trap(m, pc, TrapKind::call_stack_exhausted); \
    *frame = {pc + (bytes), fp, m->instance};                       \
    m->frame = frame;                                               \
    BEGIN(head, base_slot);                                         \
  } while (false)

HANDLER(call) {
  Machine* const m = PIPIT_MACHINE;
  CALL(m->code + m->entries[read_u16(pc + 4)], 6);
}
/// Calls a function of the host, m->callee of m->callee_instance with arguments at m->callee_fp, and goes on
/// at m->after.
[[clang::minsize]] static void invoke_host(PIPIT_ARGS) {
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

/// Calls m->callee of m->callee_instance with arguments at m->callee_fp; the instruction has m->call_bytes. A
/// tail call puts it in place of the running function; what the host's functions return, the instruction
/// behind returns.
[[clang::minsize]] static void invoke(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  const Callee callee = resolve_function(m->callee_instance, m->callee);
  m->callee_instance = callee.instance;
  m->callee = callee.index;
  if (callee.host != nullptr) PIPIT_TAIL(invoke_host);
  const ModuleImpl& module = *callee.instance->module;
  const RegisterCode& image = *machine_of(*callee.instance).image;
  const u8* const head = image.code + image.entries[callee.index - module.imported_funcs];
  Frame* const frame = m->is_tail_call ? m->frame : m->frame - 1;
  Value* const base_slot = m->is_tail_call ? fp : m->callee_fp;
  if (!fits(m, base_slot, read_u16(head), frame)) [[unlikely]]
    return stop_with_trap(m, pc, TrapKind::call_stack_exhausted);
  if (m->is_tail_call) {
    std::memmove(static_cast<void*>(fp), m->callee_fp,
                 module.type_of(callee.index).param_slots * sizeof(Value));
  } else {
    *frame = {pc + m->call_bytes, fp, m->instance};
    m->frame = frame;
  }
  if (callee.instance != m->instance) {
    load_instance(m, callee.instance);
    PIPIT_RELOAD_MEMORY();
  }
  BEGIN(head, base_slot);
}

/// What a call through m->instance's own function index begins with.
#define INVOKE_NAMED(is_tail)             \
  do {                                    \
    Machine* const m = PIPIT_MACHINE;     \
    m->callee_instance = m->instance;     \
    m->callee = read<u32>(pc + 4);        \
    m->callee_fp = fp + read_u16(pc + 2); \
    m->call_bytes = 8;                    \
    m->is_tail_call = (is_tail);          \
    PIPIT_TAIL(invoke);                   \
  } while (false)
HANDLER(call_any) { INVOKE_NAMED(false); }
HANDLER(return_call) { INVOKE_NAMED(true); }

/// Calls the table's element whose number lies behind the arguments.
[[clang::minsize]] static void invoke_indirect(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  const u32 type = read_u16(pc + 4);
  m->callee_fp = fp + read_u16(pc + 2);
  m->call_bytes = 8;
  const u32 element = m->callee_fp[m->instance->module->types[type].param_slots].u32_;
  const TrapKind fault =
      find_indirect(*m->instance, type, read_u16(pc + 6), element, m->callee_instance, m->callee);
  if (fault != TrapKind::none) [[unlikely]]
    return stop_with_trap(m, pc, fault);
  PIPIT_TAIL(invoke);
}

/// Where the code of an indirect call's callee begins if that is a function of this module with the very
/// type, as it nearly always is; else null.
static const u8* find_callee_here(const Machine* m, const u8* pc, const Value* base) {
  const InstanceImpl& self = *m->instance;
  const ModuleImpl& module = *self.module;
  const u32 type = read_u16(pc + 4);
  const TableInst& table = *self.tables[read_u16(pc + 6)];
  const u32 element = base[module.types[type].param_slots].u32_;
  if (element >= table.size) return nullptr;
  const Ref ref = table.elements[element];
  const u32 func = ref_func(ref), number = func - module.imported_funcs;
  if (ref == 0 || ref_instance(ref) != self.id || number >= module.funcs.size() - module.imported_funcs)
    return nullptr;
  return module.funcs[func].type == type ? m->code + m->entries[number] : nullptr;
}
HANDLER(call_indirect) {
  Machine* const m = PIPIT_MACHINE;
  if (const u8* const here = find_callee_here(m, pc, fp + read_u16(pc + 2)); here != nullptr) CALL(here, 8);
  m->is_tail_call = false;
  PIPIT_TAIL(invoke_indirect);
}
HANDLER(return_call_indirect) {
  PIPIT_MACHINE->is_tail_call = true;
  PIPIT_TAIL(invoke_indirect);
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
  move(fp[0], SLOT(2));
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

#define INVOKE_FROM_BOOT(function, arguments) \
  do {                                        \
    Machine* const m = PIPIT_MACHINE;         \
    m->callee_instance = m->instance;         \
    m->callee = (function);                   \
    m->callee_fp = (arguments);               \
    m->call_bytes = 2;                        \
    m->is_tail_call = false;                  \
    PIPIT_TAIL(invoke);                       \
  } while (false)
HANDLER(call_start) { INVOKE_FROM_BOOT(m->instance->module->start, fp + m->entry_slots); }
HANDLER(call_entry) { INVOKE_FROM_BOOT(m->entry, fp); }
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

/// Operands stand in a row, as many as the operation has; x and y are the indices.
[[gnu::noinline, clang::minsize]] static TrapKind compute_bulk(InstanceImpl& instance, Op op, Value* row,
                                                               u32 x, u32 y) {
  if (op == Op::data_drop || op == Op::elem_drop) {
    instance.drop(op == Op::elem_drop ? x : instance.data_bit(x));
    return TrapKind::none;
  }
  const u32 first = row[0].u32_;
  if (op >= Op::memory_init && op != Op::table_grow && op != Op::table_size) {
    const u32 second = row[1].u32_, count = row[2].u32_;
    switch (op) {
      case Op::memory_init: return memory_init(instance, x, first, second, count);
      case Op::memory_copy: return copy_memory(instance, first, second, count);
      case Op::memory_fill: return fill_memory(instance, first, second, count);
      case Op::table_init: return table_init(instance, x, y, first, second, count);
      case Op::table_copy: return copy_table(instance, x, y, first, second, count);
      default: return fill_table(instance, x, first, second, count);
    }
  }
  TableInst& table = *instance.tables[x];
  if (op == Op::table_size) {
    row[0].u32_ = table.size;
  } else if (op == Op::table_grow) {
    row[0].u32_ = table.grow(row[1].u32_, first);
  } else {
    if (first >= table.size) return TrapKind::out_of_bounds_table_access;
    Ref& element = table.elements[first];
    if (op == Op::table_get)
      row[0].u32_ = element;
    else
      element = row[1].u32_;
  }
  return TrapKind::none;
}
HANDLER(bulk) {
  Machine* const m = PIPIT_MACHINE;
  const TrapKind fault = compute_bulk(*m->instance, static_cast<Op>(read_u16(pc + 8)), fp + read_u16(pc + 2),
                                      read_u16(pc + 4), read_u16(pc + 6));
  if (fault != TrapKind::none) [[unlikely]]
    return stop_with_trap(m, pc, fault);
  PIPIT_NEXT_ACC(10, 0);
}
HANDLER(ref_func) {
  SLOT(2).u32_ = make_func_ref(PIPIT_MACHINE->instance->id, read<u32>(pc + 4));
  PIPIT_NEXT_ACC(8, 0);
}

}  // namespace pipit::wasm::reg
