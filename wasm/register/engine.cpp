// The register engine behind the seam: instances that execute register code.
#include <algorithm>

#include "wasm/register/emitter.h"
#include "wasm/register/handlers.h"

namespace pipit::wasm {

namespace reg {

void refresh_memory(Machine* m) {
  const MemoryInst& memory = *m->instance->memory;
  m->memory = memory.base;
  for (u32 i = 0; i < 5; ++i) {
    const usize size = usize{1} << i;
    m->reach[i] = memory.bytes < size ? 0 : memory.bytes - size + 1;
  }
}

void load_instance(Machine* m, InstanceImpl* instance) {
  const RegisterCode& image = *machine_of(*instance).image;
  m->instance = instance;
  m->globals = instance->globals;
  m->code = image.code;
  m->entries = image.entries;
  refresh_memory(m);
}

/// Moves the next portion of fuel to where the handlers count it.
static void refill_ticks(Machine& machine) {
  const u32 portion = static_cast<u32>(std::min<u64>(machine.fuel, 1u << 30));
  machine.fuel -= portion;
  machine.ticks = portion;
}

[[gnu::noinline]] void out_of_ticks(PIPIT_ARGS) {
  Machine* const m = PIPIT_MACHINE;
  if (m->fuel == 0) {
    m->ticks = 0;
    m->owes = true;
    m->pc = pc;
    m->fp = fp;
    m->state = RunState::paused;
    return;
  }
  refill_ticks(*m);
  --m->ticks;
  PIPIT_GO(pc, acc, fs, fd);
}

[[gnu::noinline]] void trap_out_of_bounds(PIPIT_ARGS) {
  stop_with_trap(PIPIT_MACHINE, pc, TrapKind::out_of_bounds_memory_access);
}

u32 function_at(const RegisterCode& image, u32 offset) {
  const u32* const end = image.entries + image.function_count;
  return static_cast<u32>(std::upper_bound(image.entries, end, offset) - image.entries) - 1;
}

void stop_with_trap(Machine* m, const u8* pc, TrapKind kind) {
  m->state = RunState::trapped;
  const RegisterCode& image = *machine_of(*m->instance).image;
  if (pc < image.code || pc >= image.code + image.code_bytes) {  // in the boot code: no function was entered
    m->trap = {kind, m->callee, 0};
    return;
  }
  const ModuleImpl& module = *m->instance->module;
  const u32 at = static_cast<u32>(pc - image.code);
  const u32 number = function_at(image, at);
  const u32 func = module.imported_funcs + number;
  // What the operands were is of no interest any more: their memory serves to find the place.
  u8* const stack = reinterpret_cast<u8*>(m->stack);
  Arena scratch({stack, static_cast<usize>(reinterpret_cast<u8*>(m->frame) - stack)});
  const u32 offset = wasm_offset(module, func, at - image.entries[number], scratch);
  m->trap = {kind, func, offset != 0 ? offset : module.funcs[func].body};
}

static Result<Run*> attach(InstanceImpl& instance, const void* code, Arena& arena) {
  const RegisterCode* image = static_cast<const RegisterCode*>(code);
  if (image == nullptr || image->module != instance.module)
    return Error{pipit::Code::invalid_argument, "the register engine needs the module's register code"};
  Machine* machine = TRY(arena.make<Machine>());
  machine->image = image;
  return static_cast<Run*>(machine);
}

static void boot(InstanceImpl& instance, bool run_start, bool run_entry, u32 operands) {
  Machine& machine = machine_of(instance);
  machine.instance = &instance;
  machine.frame = reinterpret_cast<Frame*>(reinterpret_cast<u8*>(machine.stack) + instance.stack_bytes);
  machine.fp = machine.stack;
  machine.entry_slots = operands;
  machine.result_count = run_entry ? instance.module->type_of(machine.entry).result_slots : 0;
  machine.boot[0] = handler_code(Code::call_start);
  machine.boot[1] = handler_code(Code::call_entry);
  machine.boot[2] = machine.boot[3] = handler_code(Code::halt);
  if (!run_entry) machine.boot[1] = machine.boot[2];
  machine.pc = reinterpret_cast<const u8*>(machine.boot + (run_start ? 0 : 1));
}

static void run(InstanceImpl& instance) {
  Machine* const m = &machine_of(instance);
  m->ticks = 0;
  load_instance(m, m->instance);
  [[maybe_unused]] const u8* const base = handler_base();
  [[maybe_unused]] u8* const mem = m->memory;
#if defined(__arm__)
  const f32 machine = __builtin_bit_cast(f32, reinterpret_cast<u32>(m));
#else
  Machine* const machine = m;
#endif
  PIPIT_HANDLER_AT(m->pc)(m->pc, m->fp, 0, 0, 0, PIPIT_REST);
  m->fuel += m->ticks;
}

}  // namespace reg

extern constinit const Engine kRegisterEngine = {"register", reg::attach, reg::boot, reg::run};

}  // namespace pipit::wasm
