#pragma once
#include "wasm/engine.h"
#include "wasm/native/native.h"

/// What a native instance is made of, seen by the engine and the helpers.
namespace pipit::wasm::native {

struct NativeRun;

/// The words of abi.h; cells of the module's own globals follow at cells_offset().
struct Context {
  usize stack_limit;
  u8* memory;
  MemoryInst* memory_inst;
  TableInst** tables;
  Value** globals;
  const void* helpers;
  usize ref_base;
  Value* results;
  union {
    i32 ticks;
    usize ticks_word;
  };
  Context* callee;
  InstanceImpl* instance;
};
static_assert(sizeof(Context) == static_cast<u32>(Word::count) * sizeof(void*));
static_assert(offsetof(Context, memory) == static_cast<u32>(Word::memory) * sizeof(void*));
static_assert(offsetof(Context, ticks) == static_cast<u32>(Word::ticks) * sizeof(void*));
static_assert(offsetof(MemoryInst, bytes) == sizeof(void*));
static_assert(offsetof(MemoryInst, pages) == memory_pages_offset(sizeof(void*)));
static_assert(offsetof(TableInst, size) == sizeof(void*));

constexpr u32 kStackReserve = stack_reserve(sizeof(void*));

/// Why native code went back to whoever resumed it.
enum class Event : u8 { none, finished, trapped, out_of_fuel, host_call };

/// Linked instances at most (Linker::kMaxInstances); a null ends them earlier.
constexpr u32 kMaxPeers = (1u << (32 - kRefIndexBits)) - 1;

/// One call stack. Native code runs on it; everything that ends or interrupts a run is a switch back to the
/// stack of Instance::resume(), and what cannot go on is simply never switched to again.
struct NativeRun : Run {
  Context* context = nullptr;
  const NativeModule* module = nullptr;
  InstanceImpl* instance = nullptr;  ///< whose run this is
  NativeRun* active = nullptr;  ///< on whose stack this instance's code runs: its own, or that of an instance
                                ///< it is linked with
  void* native_sp = nullptr;    ///< where to go on
  void* host_sp = nullptr;      ///< where to go back to
  Context* ticks_owner = nullptr;  ///< the context that holds the current portion of fuel
  Event event = Event::none;
  TrapSite trap_site;  ///< for who wants to read the calls above it; empty: not known
  bool has_start = false, has_entry = false;
  Value* own_results = nullptr;  ///< cells for the module's functions of several results
  const FaultPort* faults = nullptr;
  // of a host call
  u32 host_func = 0;
  const ImportLink* link = nullptr;
  InstanceImpl* caller = nullptr;
  Value* values = nullptr;
};

inline NativeRun& run_of(const InstanceImpl& instance) { return static_cast<NativeRun&>(*instance.run); }

/// The table that Context::helpers points at.
const void* helper_table();

/// Leaves the native stack because of `event`; returns when it is resumed.
void leave(NativeRun& run, Event event);
/// Leaves it for good, because of a call at `site`.
[[noreturn]] void leave_with_trap(Context* context, TrapKind kind, u32 offset, const TrapSite& site);
/// Calls function `index` of `instance`, with its arguments in `values`, on the stack that is in use.
void call_function(InstanceImpl& instance, u32 index, Value* values);

extern "C" {
/// Saves the callee-saved registers on the stack, the stack pointer in `save`, and goes on where `to` was
/// saved.
void pipit_native_switch(void** save, void* to);
/// What a new stack begins with: calls pipit_native_main with what prepare_stack() left for it.
void pipit_native_begin();
[[noreturn]] void pipit_native_main(NativeRun* run);
/// Goes on where `to` was saved and forgets the stack it is called on. What a fault handler returns to.
[[noreturn]] void pipit_native_abandon(void* to);
}
/// Makes code that was written as data visible to instruction fetches.
void publish_code(Bytes image);
/// Makes a stack that ends at `top` (16-aligned) such that switching to what is returned begins `run`.
void* prepare_stack(u8* top, NativeRun* run);

}  // namespace pipit::wasm::native
