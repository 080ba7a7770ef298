// Control flow, calls, variables, and the way in and out of the machine.
#include "wasm/interpreter.h"

#include <algorithm>

#include "wasm/side_table.h"
#include "wasm/simd.h"

namespace pipit::wasm {

namespace {

constexpr u8 kBootAll[] = {kCallStart, kCallEntry, kHalt};
constexpr u8 kBootStart[] = {kCallStart, kHalt};

const u8* skip_leb(const u8* pc) {
  while ((*pc++ & 0x80) != 0) {
  }
  return pc;
}

const u8* end_of(const InstanceImpl& instance, const FuncEntry& func) {
  const u8* at = instance.module->code.data() + func.body;
  const u32 size = trusted_u32(at);
  return at + size;
}

/// Makes `instance` the one that runs, or looks again at what a call may have changed.
void load_instance(Machine* m, InstanceImpl* instance) {
  m->instance = instance;
  m->handlers = (instance->module->uses_v128 ? *simd_feature()->handlers : kHandlers).entries;
  m->memory = instance->memory->base;
  m->memory_bytes = instance->memory->bytes;
  m->globals = instance->globals;
}

/// Moves the next portion of fuel to where the handlers count it.
void refill_ticks(Machine& machine) {
  const u32 portion = static_cast<u32>(std::min<u64>(machine.fuel, 1u << 30));
  machine.fuel -= portion;
  machine.ticks = static_cast<i32>(portion);
}

/// Takes the branch whose entry m->side points at; pc is right behind its opcode.
void take_branch(PIPIT_HANDLER_ARGS) {
  const SideEntry entry = *m->side;
  m->side += entry.skip();
  if (const u32 drop = entry.drop(); drop != 0) {
    const Value* from = sp - entry.carry();
    sp -= drop;
    for (Value* to = sp - entry.carry(); to != sp; ++to, ++from) *to = *from;
  }
  const i32 target = entry.target();
  pc += target;
  if (target < 0) PIPIT_SPEND_AND_NEXT();
  PIPIT_NEXT(pc, sp);
}

/// Moves the topmost `count` slots to the frame's first; yields what is behind them.
Value* move_down(const Value* sp, Value* fp, u32 count) {
  const Value* from = sp - count;
  for (u32 i = 0; i < count; ++i) fp[i] = from[i];
  return fp + count;
}

void return_from(PIPIT_HANDLER_ARGS) {
  sp = move_down(sp, fp, m->instance->module->types[m->func->type].result_slots);
  const Frame* frame = m->frame++;
  pc = frame->pc;
  fp = frame->fp;
  m->side = frame->side;
  m->func = frame->func;
  if (frame->instance != m->instance) load_instance(m, frame->instance);
  m->end = m->func == nullptr ? nullptr : end_of(*m->instance, *m->func);
  PIPIT_NEXT(pc, sp);
}

void invoke_host(PIPIT_HANDLER_ARGS) {
  const ImportLink& link = m->callee_instance->links[m->callee];
  const TypeEntry& type = m->callee_instance->module->type_of(m->callee);
  Value* values = sp - type.param_slots;
  const HostAction action = link.call(link.context, m->callee_instance->handle, values);
  load_instance(m, m->instance);
  switch (action) {
    case HostAction::done: break;
    case HostAction::trap: return stop_with_trap(m, m->at, TrapKind::host);
    case HostAction::pending:
      m->pc = m->at;
      m->sp = m->sp_at;
      m->fp = fp;
      m->state = RunState::pending;
      return;
    case HostAction::exit:
      // What the host function set belongs to whom the caller started.
      m->state = RunState::exited;
      return;
  }
  sp = values + type.result_slots;
  PIPIT_SPEND_AND_NEXT();
}

}  // namespace

extern constinit const HandlerTable kHandlers = make_handlers();

void call_start(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  m->sp_at = sp;
  m->callee_instance = m->instance;
  m->callee = m->instance->module->start;
  PIPIT_TAIL(invoke);
}

void call_entry(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  m->sp_at = sp;
  m->callee_instance = m->instance;
  m->callee = m->entry;
  PIPIT_TAIL(invoke);
}

void halt(PIPIT_HANDLER_ARGS) {
  m->result_count = static_cast<u32>(sp - m->stack);
  m->state = RunState::finished;
}

void not_an_instruction(PIPIT_HANDLER_ARGS) {
  PIPIT_CHECK(!"validated code contains only known instructions");
}

void prefix_fc(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  const u32 number = trusted_u32(pc);
  [[clang::musttail]] return m->handlers[kFirstFc + number](pc, sp, fp, m);
}

void stop_with_trap(Machine* m, const u8* at, TrapKind kind) {
  const ModuleImpl& module = *m->instance->module;
  m->state = RunState::trapped;
  const usize offset = static_cast<usize>(at - module.code.data());
  if (m->func == nullptr)  // before the first function was entered
    m->trap = {kind, m->callee, 0};
  else
    m->trap = {kind, module.func_at(static_cast<u32>(offset)), static_cast<u32>(offset)};
}

void out_of_ticks(PIPIT_HANDLER_ARGS) {
  if (m->fuel == 0) {
    m->ticks = 0;
    m->owes = true;
    m->pc = pc;
    m->sp = sp;
    m->fp = fp;
    m->state = RunState::paused;
    return;
  }
  refill_ticks(*m);
  --m->ticks;
  PIPIT_NEXT(pc, sp);
}

/// Whether the frame of m->callee, with its first argument at `base`, leaves those from `frame` on alone.
static bool fits(Machine* m, const FuncEntry& func, const Value* base, const Frame* frame) {
  const isize gap = reinterpret_cast<isize>(frame) - reinterpret_cast<isize>(base + func.frame_slots);
  if (gap < 0) [[unlikely]]
    return false;
  if (static_cast<usize>(gap) < m->least_gap) m->least_gap = static_cast<usize>(gap);
  return true;
}

/// Makes m->callee the function that runs; its arguments end at sp.
static void begin(PIPIT_HANDLER_ARGS) {
  InstanceImpl* const instance = m->callee_instance;
  const ModuleImpl& module = *instance->module;
  const FuncEntry* func = &module.funcs[m->callee];
  fp = sp - module.types[func->type].param_slots;
  m->func = func;
  m->side = module.side.data() + func->side;
  if (instance != m->instance) load_instance(m, instance);
  pc = module.code.data() + func->body;
  const u32 size = trusted_u32(pc);
  m->end = pc + size;
  if (module.uses_v128) [[unlikely]]
    PIPIT_TAIL(simd_feature()->open_locals);
  for (u32 groups = trusted_u32(pc); groups != 0; --groups, ++pc)
    for (u32 count = trusted_u32(pc); count != 0; --count) (sp++)->bits = 0;
  PIPIT_SPEND_AND_NEXT();
}

static void enter(PIPIT_HANDLER_ARGS) {
  const ModuleImpl& module = *m->callee_instance->module;
  const FuncEntry& func = module.funcs[m->callee];
  Frame* const frame = m->frame - 1;
  if (!fits(m, func, sp - module.types[func.type].param_slots, frame)) [[unlikely]]
    return stop_with_trap(m, m->at, TrapKind::call_stack_exhausted);
  *frame = {pc, m->side, fp, m->func, m->instance};
  m->frame = frame;
  PIPIT_TAIL(begin);
}

void invoke(PIPIT_HANDLER_ARGS) {
  const Callee callee = resolve_function(m->callee_instance, m->callee);
  m->callee_instance = callee.instance;
  m->callee = callee.index;
  if (callee.host != nullptr) PIPIT_TAIL(invoke_host);
  PIPIT_TAIL(enter);
}

/// Calls m->callee of m->callee_instance in place of the running function.
static void invoke_tail(PIPIT_HANDLER_ARGS) {
  const Callee callee = resolve_function(m->callee_instance, m->callee);
  m->callee_instance = callee.instance;
  m->callee = callee.index;
  if (callee.host != nullptr) {  // which may pend, so the caller's frame stays until it returns
    pc = m->end - 1;
    PIPIT_TAIL(invoke_host);
  }
  const ModuleImpl& module = *callee.instance->module;
  const FuncEntry& func = module.funcs[callee.index];
  if (!fits(m, func, fp, m->frame)) [[unlikely]]
    return stop_with_trap(m, m->at, TrapKind::call_stack_exhausted);
  sp = move_down(sp, fp, module.types[func.type].param_slots);
  PIPIT_TAIL(begin);
}

static Result<Run*> attach(InstanceImpl&, const void*, Arena& arena) {
  Machine* machine = TRY(arena.make<Machine>());
  return static_cast<Run*>(machine);
}

static void boot(InstanceImpl& instance, bool run_start, bool run_entry, u32 operands) {
  Machine& machine = static_cast<Machine&>(*instance.run);
  machine.instance = &instance;
  machine.func = nullptr;
  machine.end = nullptr;
  machine.frame = reinterpret_cast<Frame*>(machine.stack + instance.stack_bytes / sizeof(Value));
  machine.fp = machine.stack;
  machine.sp = machine.stack + operands;
  machine.pc = run_entry ? kBootAll + (run_start ? 0 : 1) : run_start ? kBootStart : kBootStart + 1;
}

static void run(InstanceImpl& instance) {
  Machine& machine = static_cast<Machine&>(*instance.run);
  machine.ticks = 0;
  load_instance(&machine, machine.instance);
  const u8* pc = machine.pc;
  machine.handlers[*pc](pc + 1, machine.sp, machine.fp, &machine);
  machine.fuel += static_cast<u32>(machine.ticks);
}

// Who links this interpreter links what makes its table.
[[gnu::used]] static const SideTable* const kMadeBy = &pipit_wasm_side_table;

extern constinit const Engine kInPlaceEngine = {"in-place", attach, boot, run};

// Control instructions (Wasm 2.0 §4.4.8).

void op_unreachable(PIPIT_HANDLER_ARGS) { stop_with_trap(m, pc - 1, TrapKind::unreachable); }
void op_nop(PIPIT_HANDLER_ARGS) { PIPIT_NEXT(pc, sp); }
void op_block(PIPIT_HANDLER_ARGS) { PIPIT_NEXT(skip_leb(pc), sp); }
void op_loop(PIPIT_HANDLER_ARGS) { PIPIT_NEXT(skip_leb(pc), sp); }

void op_if_(PIPIT_HANDLER_ARGS) {
  --sp;
  if (sp->u32_ == 0) PIPIT_TAIL(take_branch);
  ++m->side;
  PIPIT_NEXT(skip_leb(pc), sp);
}

void op_else_(PIPIT_HANDLER_ARGS) { PIPIT_TAIL(take_branch); }

void op_end(PIPIT_HANDLER_ARGS) {
  if (pc == m->end) PIPIT_TAIL(return_from);
  PIPIT_NEXT(pc, sp);
}

void op_br(PIPIT_HANDLER_ARGS) { PIPIT_TAIL(take_branch); }

void op_br_if(PIPIT_HANDLER_ARGS) {
  --sp;
  if (sp->u32_ != 0) PIPIT_TAIL(take_branch);
  ++m->side;
  PIPIT_NEXT(skip_leb(pc), sp);
}

void op_br_table(PIPIT_HANDLER_ARGS) {
  --sp;
  const u8* at = pc;
  m->side += std::min(sp->u32_, trusted_u32(at));
  PIPIT_TAIL(take_branch);
}

void op_return_(PIPIT_HANDLER_ARGS) { PIPIT_TAIL(return_from); }

void op_call(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  m->sp_at = sp;
  m->callee = trusted_u32(pc);
  m->callee_instance = m->instance;
  if (m->callee >= m->instance->module->imported_funcs) [[likely]]
    PIPIT_TAIL(enter);
  PIPIT_TAIL(invoke);
}

/// What keeps the reference from being called with type `type_index`, or none; sets m->callee.
static TrapKind check_indirect(Machine* m, u32 type_index, u32 table_index, u32 element) {
  const TableInst& table = *m->instance->tables[table_index];
  if (element >= table.size) return TrapKind::undefined_element;
  const Ref ref = table.elements[element];
  if (ref == 0) return TrapKind::uninitialized_element;
  InstanceImpl* const target = m->instance->peers[ref_instance(ref)];
  const ModuleImpl& wanted = *m->instance->module;
  const ModuleImpl& module = *target->module;
  const u32 type = module.funcs[ref_func(ref)].type;
  const bool same = &module == &wanted
                        ? module.types[type].canonical == wanted.types[type_index].canonical
                        : std::ranges::equal(module.params(type), wanted.params(type_index)) &&
                              std::ranges::equal(module.results(type), wanted.results(type_index));
  if (!same) return TrapKind::indirect_call_type_mismatch;
  m->callee_instance = target;
  m->callee = ref_func(ref);
  return TrapKind::none;
}

void op_call_indirect(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  m->sp_at = sp;
  --sp;
  const u32 type = trusted_u32(pc);
  const u32 table = trusted_u32(pc);
  const TrapKind fault = check_indirect(m, type, table, sp->u32_);
  if (fault != TrapKind::none) return stop_with_trap(m, m->at, fault);
  if (*m->at == static_cast<u8>(Op::return_call_indirect)) PIPIT_TAIL(invoke_tail);
  PIPIT_TAIL(invoke);
}

void op_return_call_indirect(PIPIT_HANDLER_ARGS) { PIPIT_TAIL(op_call_indirect); }

void op_return_call(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  m->sp_at = sp;
  m->callee = trusted_u32(pc);
  m->callee_instance = m->instance;
  PIPIT_TAIL(invoke_tail);
}

// Parametric and variable instructions, constants (§4.4.4, §4.4.5).

void op_drop(PIPIT_HANDLER_ARGS) { PIPIT_NEXT(pc, sp - 1); }

void op_select(PIPIT_HANDLER_ARGS) {
  sp -= 2;
  if (sp[1].u32_ == 0) sp[-1] = sp[0];
  PIPIT_NEXT(pc, sp);
}

void op_select_t(PIPIT_HANDLER_ARGS) {
  sp -= 2;
  if (sp[1].u32_ == 0) sp[-1] = sp[0];
  PIPIT_NEXT(pc + 2, sp);  // a vector of one type
}

/// Instructions on variables, and constants, whose immediate takes more than a byte.
static void long_immediate(PIPIT_HANDLER_ARGS) {
  switch (static_cast<Op>(pc[-1])) {
    case Op::local_get: *sp++ = fp[trusted_u32(pc)]; break;
    case Op::local_set: fp[trusted_u32(pc)] = *--sp; break;
    case Op::local_tee: fp[trusted_u32(pc)] = sp[-1]; break;
    case Op::global_get: *sp++ = *m->globals[trusted_u32(pc)]; break;
    case Op::global_set: *m->globals[trusted_u32(pc)] = *--sp; break;
    default: (sp++)->i64_ = trusted_s64(pc);  // i64.const, and i32.const, whose sign extension does no harm
  }
  PIPIT_NEXT(pc, sp);
}

/// A handler for the usual one-byte immediate.
#define SHORT_IMMEDIATE(id, effect, top) \
  void op_##id(PIPIT_HANDLER_ARGS) {     \
    const u32 index = *pc;               \
    if (index >= 0x80) [[unlikely]]      \
      PIPIT_TAIL(long_immediate);        \
    effect;                              \
    PIPIT_NEXT(pc + 1, top);             \
  }
/// The seven bits of a one-byte signed LEB128.
static i32 sign_extend(u32 byte) { return static_cast<i32>(byte << 25) >> 25; }

SHORT_IMMEDIATE(local_get, *sp = fp[index], sp + 1)
SHORT_IMMEDIATE(local_set, fp[index] = sp[-1], sp - 1)
SHORT_IMMEDIATE(local_tee, fp[index] = sp[-1], sp)
SHORT_IMMEDIATE(global_get, *sp = *m->globals[index], sp + 1)
SHORT_IMMEDIATE(global_set, *m->globals[index] = sp[-1], sp - 1)
SHORT_IMMEDIATE(i32_const, sp->i32_ = sign_extend(index), sp + 1)
SHORT_IMMEDIATE(i64_const, sp->i64_ = sign_extend(index), sp + 1)

void op_f32_const(PIPIT_HANDLER_ARGS) {
  std::memcpy(sp, pc, 4);
  PIPIT_NEXT(pc + 4, sp + 1);
}

void op_f64_const(PIPIT_HANDLER_ARGS) {
  std::memcpy(sp, pc, 8);
  PIPIT_NEXT(pc + 8, sp + 1);
}

}  // namespace pipit::wasm
