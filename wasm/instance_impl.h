#pragma once
#include "wasm/instance.h"
#include "wasm/module_impl.h"

/// What an instance is made of, seen by instantiation, the interpreter and the linker.
namespace pipit::wasm {

/// A reference is 32 bits: 0 is null; a function is its instance's number above 20 bits of index + 1; an
/// externref is whatever the host chose.
using Ref = u32;
constexpr u32 kRefIndexBits = 20;
constexpr Ref make_func_ref(u32 instance, u32 func) { return instance << kRefIndexBits | (func + 1); }
constexpr u32 ref_instance(Ref ref) { return ref >> kRefIndexBits; }
constexpr u32 ref_func(Ref ref) { return (ref & kMaxFunctions) - 1; }

/// Native code knows where base, bytes and pages lie (wasm/native/abi.h), and that base never changes.
struct MemoryInst {
  u8* base = nullptr;
  usize bytes = 0;  ///< accessible now
  u32 pages = 0;
  u32 max_pages = 0;
  usize capacity = 0;                  ///< allotted
  const MemorySpace* space = nullptr;  ///< null: bytes come from the arena
  Arena* arena = nullptr;              ///< gives more, in place; null when capacity is all there will be
  bool zeroed = false;                 ///< what the arena gives is zero
  LimitsType declared;

  /// Makes `capacity` this large with bytes from `arena` right behind it; false leaves everything as it was.
  bool extend(Arena& arena, u64 size);
  /// The old size in pages, or ~0 when refused.
  u32 grow(u32 pages);
};

/// Native code knows where elements and size lie, and that elements never changes.
struct TableInst {
  Ref* elements = nullptr;
  u32 size = 0;
  u32 capacity = 0;
  TableType type;

  /// The old size, or ~0 when refused.
  u32 grow(u32 count, Ref value);
};

/// Where an imported function leads: to the host, or to another instance's function.
struct ImportLink {
  HostAction (*call)(void* context, Instance& instance, Value* values);  ///< null: another instance's
  void* context;                                                         ///< or the InstanceImpl
  u32 index;
};

/// How a call stack stands, whatever engine it belongs to: engines derive their own state from it.
struct Run {
  Value* stack = nullptr;  ///< InstanceImpl::stack_bytes long; arguments lie here at boot, results at the end
  u64 fuel = 0;            ///< may be spent before the next pause
  usize least_gap = 0;     ///< fewest bytes of the stack ever free
  u32 entry = 0;           ///< function that start() named
  u32 result_count = 0;    ///< when finished
  RunState state = RunState::idle;
  bool owes = false;  ///< paused at a point whose unit of fuel is not paid yet
  Trap trap;
};

struct InstanceImpl {
  explicit InstanceImpl(const ValidModule& valid) : module_handle(valid), module(&valid.impl()) {
    handle.impl_ = this;
  }

  Instance handle;
  ValidModule module_handle;
  const ModuleImpl* module;
  MemoryInst* memory = &own_memory;  ///< an empty one without a memory
  TableInst** tables = nullptr;
  Value** globals = nullptr;
  ImportLink* links = nullptr;
  u8* dropped = nullptr;               ///< a bit each: element segments, then data segments
  InstanceImpl* const* peers = &self;  ///< by number, for references
  InstanceImpl* self = this;
  u32 id = 0;
  const Engine* engine = nullptr;
  Run* run = nullptr;  ///< part of the engine's own state
  MemoryInst own_memory;
  u32 stack_bytes = 0;
  u32 exit_code = 0;
  u64 fuel_used = 0;
  bool module_started = false;

  bool is_dropped(u32 segment) const { return (dropped[segment / 8] >> (segment % 8) & 1) != 0; }
  void drop(u32 segment) {
    dropped[segment / 8] = static_cast<u8>(dropped[segment / 8] | 1u << (segment % 8));
  }
  u32 data_bit(u32 segment) const { return static_cast<u32>(module->elements.size()) + segment; }
};

/// A function after following imports through other instances. `host` is set for the host's.
struct Callee {
  InstanceImpl* instance;  ///< that defines it; for the host's, that imports it
  u32 index;
  const ImportLink* host;
};
Callee resolve_function(InstanceImpl* instance, u32 index);

/// Evaluates a validated constant expression into as many slots as its type takes.
void evaluate_constant(const InstanceImpl& instance, u32 offset, Value* out);

// Bulk operations (Wasm 2.0 §4.4.6-4.4.7), shared by instantiation and the instructions. `none` when they
// succeeded.
TrapKind table_init(InstanceImpl& instance, u32 segment, u32 table, u32 to, u32 from, u32 count);
TrapKind memory_init(InstanceImpl& instance, u32 segment, u32 to, u32 from, u32 count);

}  // namespace pipit::wasm
