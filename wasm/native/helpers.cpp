// What native code asks for (helpers.def). Helpers run on the guest's stack and are small; only a host
// function, which may be anything, is called on the stack of Instance::resume().
#include <algorithm>

#include "wasm/bulk.h"
#include "wasm/native/context.h"
#include "wasm/native/helpers.h"
#include "wasm/native/trap_site.h"

namespace pipit::wasm::native {

namespace help {

void trap(Context* c, u32 where) {
  leave_with_trap(c, where_kind(where), where_offset(where), PIPIT_CALLED_FROM);
}

/// Ends a helper whose instruction may trap, and which was called from `site`.
static void settle(Context* c, TrapKind kind, u32 where, const TrapSite& site) {
  if (kind != TrapKind::none) [[unlikely]]
    leave_with_trap(c, kind, where_offset(where), site);
}

/// The portion of fuel is with another context, or used up: fetches it, takes the next, or pauses.
void pause(Context* c) {
  NativeRun& run = *run_of(*c->instance).active;
  if (run.ticks_owner != c) {
    c->ticks += run.ticks_owner->ticks;
    run.ticks_owner->ticks = 0;
    run.ticks_owner = c;
    if (c->ticks >= 0) return;
  }
  if (run.fuel != 0) {
    const u32 portion = static_cast<u32>(std::min<u64>(run.fuel, 1u << 30));
    run.fuel -= portion;
    c->ticks = static_cast<i32>(portion - 1);
    return;
  }
  c->ticks = 0;  // the unit that is owed is paid when the run is resumed
  leave(run, Event::out_of_fuel);
}

void call_import(Context* c, u32 index, Value* values) {
  const Callee callee = resolve_function(c->instance, index);
  if (callee.host == nullptr) return call_function(*callee.instance, callee.index, values);
  NativeRun& run = *run_of(*c->instance).active;
  run.link = callee.host;
  run.caller = callee.instance;
  run.host_func = callee.index;
  run.values = values;
  run.trap_site = PIPIT_CALLED_FROM;  // should it trap
  leave(run, Event::host_call);
}

const u8* resolve(Context* c, u32 table, u32 element, u32 type, u32 where) {
  InstanceImpl* target = nullptr;
  u32 func = 0;
  settle(c, find_indirect(*c->instance, type, table, element, target, func), where, PIPIT_CALLED_FROM);
  const NativeRun& run = run_of(*target);
  c->callee = run.context;
  return run.module->function(func);
}

u32 memory_grow(Context* c, u32 pages) { return c->memory_inst->grow(pages); }
void memory_init(Context* c, u32 segment, u32 to, u32 from, u32 count, u32 where) {
  settle(c, wasm::memory_init(*c->instance, segment, to, from, count), where, PIPIT_CALLED_FROM);
}
void memory_copy(Context* c, u32 to, u32 from, u32 count, u32 where) {
  settle(c, copy_memory(*c->instance, to, from, count), where, PIPIT_CALLED_FROM);
}
void memory_fill(Context* c, u32 to, u32 value, u32 count, u32 where) {
  settle(c, fill_memory(*c->instance, to, value, count), where, PIPIT_CALLED_FROM);
}
void data_drop(Context* c, u32 segment) { c->instance->drop(c->instance->data_bit(segment)); }
void table_init(Context* c, u32 segment, u32 table, u32 to, u32 from, u32 count, u32 where) {
  settle(c, wasm::table_init(*c->instance, segment, table, to, from, count), where, PIPIT_CALLED_FROM);
}
void elem_drop(Context* c, u32 segment) { c->instance->drop(segment); }
void table_copy(Context* c, u32 to_table, u32 from_table, u32 to, u32 from, u32 count, u32 where) {
  settle(c, copy_table(*c->instance, to_table, from_table, to, from, count), where, PIPIT_CALLED_FROM);
}
u32 table_grow(Context* c, u32 table, Ref value, u32 count) { return c->tables[table]->grow(count, value); }
void table_fill(Context* c, u32 table, u32 to, Ref value, u32 count, u32 where) {
  settle(c, fill_table(*c->instance, table, to, value, count), where, PIPIT_CALLED_FROM);
}

}  // namespace help

}  // namespace pipit::wasm::native
