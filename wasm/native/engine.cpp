// The engine of native modules: contexts, stacks and the switches between them.
#include <algorithm>

#include "wasm/native/context.h"
#include "wasm/native/native.h"

namespace pipit::wasm {

namespace native {

namespace {

/// Stacks: argument and result cells at the bottom, then room for unchecked frames and helpers, then frames.
usize limit_of(const NativeRun& run, u32 cells) {
  const usize bottom = reinterpret_cast<usize>(run.stack + cells);
  return bottom + 2 * usize{run.module->header().max_frame_bytes} + kStackReserve;
}

u8* top_of(const NativeRun& run) {
  u8* const end = reinterpret_cast<u8*>(run.stack) + run.instance->stack_bytes;
  return end - (reinterpret_cast<usize>(end) & 15);
}

/// Everything of an instance that code of whatever instance on `active`'s stack may come to use.
void prepare(InstanceImpl& instance, NativeRun& active, usize limit, Value* results) {
  NativeRun& run = run_of(instance);
  Context& context = *run.context;
  run.active = &active;
  context.stack_limit = limit;
  context.memory = instance.memory->base;
  context.memory_inst = instance.memory;
  context.tables = instance.tables;
  context.globals = instance.globals;
  context.ref_base = usize{instance.id} << kRefIndexBits;
  if (results != nullptr) context.results = results;
}

/// Linked instances run on one stack: its limit serves the largest frame of any, its result cells the most
/// results.
void prepare_all(InstanceImpl& instance, NativeRun& active, u32 cells) {
  if (instance.peers == &instance.self) return prepare(instance, active, limit_of(active, cells), nullptr);
  u32 largest_frame = 0;
  const NativeRun* most_results = &active;
  const auto each = [&](auto visit) {
    for (u32 i = 0; i < kMaxPeers && instance.peers[i] != nullptr; ++i) visit(*instance.peers[i]);
  };
  each([&](InstanceImpl& peer) {
    const Header& header = run_of(peer).module->header();
    largest_frame = std::max(largest_frame, header.max_frame_bytes);
    if (header.result_slots > most_results->module->header().result_slots) most_results = &run_of(peer);
  });
  const usize limit = limit_of(active, cells) + 2 * usize{largest_frame};
  Value* const results = most_results->own_results;
  each([&](InstanceImpl& peer) { prepare(peer, active, limit, results); });
}

Result<Run*> attach(InstanceImpl& instance, const void* code, Arena& arena) {
  if (code == nullptr) return Error{Code::invalid_argument, "the native engine needs a native module"};
  const NativeCode& native = *static_cast<const NativeCode*>(code);
  const Header& header = native.module.header();
  if ((header.flags & kGuardPages) != 0 && instance.module->has_memory &&
      instance.own_memory.space == nullptr)
    return Error{Code::invalid_argument, "native code without bounds checks needs a guarded memory space"};
  // Checks against a constant hold for memory of just that size which never grows.
  const MemoryInst& memory = instance.own_memory;
  if (header.memory_limit != 0 && (instance.module->imported_memory || memory.max_pages != memory.pages ||
                                   memory.bytes != header.memory_limit))
    return Error{Code::invalid_argument, "native code was compiled for another memory size",
                 header.memory_limit};
  NativeRun* run = TRY(arena.make<NativeRun>());
  const usize cells_at = cells_offset(sizeof(void*));
  const usize bytes = cells_at + usize{header.global_slots} * sizeof(Value);
  void* space = allocate_zeroed(arena, bytes, 1, 16);
  std::span<Value> results;
  if (space == nullptr || !make_zeroed(arena, results, header.result_slots))
    return Error{Code::out_of_memory, "arena too small for the instance", static_cast<u32>(arena.wanted())};
  run->context = new (space) Context{};
  run->context->helpers = helper_table();
  run->context->instance = &instance;
  run->context->results = run->own_results = results.data();
  run->module = &native.module;
  publish_code({native.module.image(), header.code_bytes});
  run->faults = native.faults;
  run->instance = &instance;
  // The module's own globals live where code reaches them directly.
  Value* cell = reinterpret_cast<Value*>(static_cast<u8*>(space) + cells_at);
  const ModuleImpl& module = *instance.module;
  for (usize i = module.imported_globals; i < module.globals.size(); ++i) {
    instance.globals[i] = cell;
    cell += slots_of(module.globals[i].type);
  }
  return static_cast<Run*>(run);
}

void boot(InstanceImpl& instance, bool run_start, bool run_entry, u32) {
  NativeRun& run = run_of(instance);
  run.has_start = run_start;
  run.has_entry = run_entry;
  u32 cells = 0;
  run.result_count = 0;
  if (run_entry) {
    const TypeEntry& type = instance.module->type_of(run.entry);
    cells = std::max(type.param_slots, type.result_slots);
    run.result_count = type.result_slots;
  }
  prepare_all(instance, run, cells);
  run.native_sp = nullptr;
  run.trap_site = {};
  run.event = Event::none;
  run.ticks_owner = run.context;
  // A stack without room for what is never checked is exhausted before it begins.
  if (reinterpret_cast<usize>(top_of(run)) < run.context->stack_limit + 256) {
    run.event = Event::trapped;
    run.trap = {TrapKind::call_stack_exhausted, run_entry ? run.entry : instance.module->start, 0};
  } else if (run_entry && run.module->function(run.entry) == nullptr) {
    run.event = Event::trapped;
    run.trap = {TrapKind::host, run.entry, 0};
  } else {
    run.native_sp = prepare_stack(top_of(run), &run);
  }
}

/// Asks the host function that native code waits for; false when the run cannot go on now.
bool call_host(NativeRun& run) {
  switch (run.link->call(run.link->context, run.caller->handle, run.values)) {
    case HostAction::done: return true;
    case HostAction::pending: run.state = RunState::pending; return false;
    case HostAction::exit: run.state = RunState::exited; return false;
    case HostAction::trap: break;
  }
  run.trap = {TrapKind::host, run.host_func, 0};
  run.state = RunState::trapped;
  return false;
}

void go_on(NativeRun& run) {
  run.event = Event::none;
  if (run.faults != nullptr) run.faults->running(&run);
  pipit_native_switch(&run.host_sp, run.native_sp);
  if (run.faults != nullptr) run.faults->running(nullptr);
}

void run(InstanceImpl& instance) {
  NativeRun& run = run_of(instance);
  if (run.event != Event::trapped) {
    do {
      if (run.event == Event::host_call && !call_host(run)) return;
      go_on(run);
    } while (run.event == Event::host_call);
  }
  run.fuel += static_cast<u32>(std::max(run.ticks_owner->ticks, 0));
  run.ticks_owner->ticks = 0;
  if (run.event == Event::finished) run.state = RunState::finished;
  if (run.event == Event::trapped) run.state = RunState::trapped;
  if (run.event == Event::out_of_fuel) {
    run.owes = true;
    run.state = RunState::paused;
  }
}

}  // namespace

void leave(NativeRun& run, Event event) {
  run.event = event;
  pipit_native_switch(&run.native_sp, run.host_sp);
}

void leave_with_trap(Context* context, TrapKind kind, u32 offset, const TrapSite& site) {
  InstanceImpl& instance = *context->instance;
  NativeRun& run = *run_of(instance).active;
  run.trap = {kind, instance.module->func_at(offset), offset};
  run.event = Event::trapped;
  run.trap_site = site;
  pipit_native_abandon(run.host_sp);
}

void call_function(InstanceImpl& instance, u32 index, Value* values) {
  using EntryStub = void (*)(Context*, const u8*, Value*);
  const NativeRun& run = run_of(instance);
  const u8* stub = run.module->entry(instance.module->type_of(index).canonical);
  reinterpret_cast<EntryStub>(const_cast<u8*>(stub))(run.context, run.module->function(index), values);
}

void* take_fault(NativeRun& run, const TrapSite& site) {
  InstanceImpl* const* peers = run.instance->peers;
  const u32 count = peers == &run.instance->self ? 1 : kMaxPeers;
  for (u32 i = 0; i < count && peers[i] != nullptr; ++i) {
    const NativeModule& module = *run_of(*peers[i]).module;
    if (!module.contains(site.pc)) continue;
    const u32 offset = module.offset_at(site.pc);
    run.trap = {TrapKind::out_of_bounds_memory_access, peers[i]->module->func_at(offset), offset};
    run.event = Event::trapped;
    run.trap_site = site;
    return run.host_sp;
  }
  return nullptr;
}

void pipit_native_main(NativeRun* run) {
  if (run->has_start) call_function(*run->instance, run->instance->module->start, run->own_results);
  if (run->has_entry) call_function(*run->instance, run->entry, run->stack);
  run->event = Event::finished;
  pipit_native_abandon(run->host_sp);
}

}  // namespace native

extern constinit const Engine kNativeEngine = {"native", native::attach, native::boot, native::run};

}  // namespace pipit::wasm
