#pragma once
#include "base/arena.h"
#include "base/result.h"
#include "base/types.h"
#include "wasm/module.h"
#include "wasm/trap.h"

/// Instantiation and execution by whichever engine the instance is given.
namespace pipit::wasm {

/// One untyped 64-bit operand slot; i32 and f32 live in the low half, upper half unspecified. A v128 takes
/// two, its low half (lanes 0..) first, wherever values stand in a row: arguments, results, locals, operands,
/// globals.
union Value {
  u64 bits;
  i32 i32_;
  u32 u32_;
  i64 i64_;
  u64 u64_;
  f32 f32_;
  f64 f64_;
};

class Instance;

/// What a host function tells the engine to do next.
enum class HostAction : u8 {
  done,     ///< results are in place, go on
  pending,  ///< cannot answer yet: pause; resume() calls the host function again with the same arguments
  trap,     ///< the guest is at fault: trap with TrapKind::host at the call
  exit,     ///< proc_exit: end the run; Instance::exit_code() holds the code
};

/// A function the host offers. Tables of it are constant data, sorted by nothing, searched at instantiation.
struct HostFunction {
  const char* module;  ///< "wasi_snapshot_preview1"
  const char* name;    ///< "fd_write"
  const char*
      signature;  ///< parameters, ':', results; i = i32, I = i64, f = f32, F = f64, V = v128: "iiii:i"
  /// `values` holds the arguments; results overwrite it from the front. `context` is the Imports' own.
  HostAction (*call)(void* context, Instance& instance, Value* values);
};

/// One table of host functions with the context they are called with.
struct HostTable {
  std::span<const HostFunction> functions;
  void* context = nullptr;
};

class Linker;
struct Engine;
extern const Engine kInPlaceEngine;

/// Address space for linear memories outside the arena, whose pages are inaccessible until they are
/// committed: what native code without bounds checks relies on (wasm/native).
struct MemorySpace {
  /// Reserves native::kGuardedSpace bytes, page-aligned; null when there is no more.
  u8* (*reserve)(void* context);
  /// Makes the bytes up to `to` accessible, zeroed beyond `from`; false when there is no memory for them.
  bool (*commit)(void* context, u8* base, usize from, usize to);
  void* context;
};

struct InstanceConfig {
  /// What executes the module (wasm/engine.h). Only the engines that are named get linked.
  const Engine* engine = &kInPlaceEngine;
  /// What that engine executes instead of the module's bytes: translated code, a loaded native module. Must
  /// outlive the instance.
  const void* code = nullptr;
  /// Bytes the module's memory gets; memory.grow succeeds only within them. May be less than a 64 KiB page:
  /// memory.size still answers whole pages, an access beyond memory_bytes traps. 0 allots the declared
  /// minimum, and memory.grow takes further pages from the arena, in place, as long as nothing else was
  /// allocated from it since.
  u32 memory_bytes = 0;
  /// Where the module's memory comes from instead of the arena; null: from the arena. Must outlive the
  /// instance.
  const MemorySpace* memory_space = nullptr;
  /// The arena's free bytes are zero (a fresh mapping): memory need not be cleared.
  bool zeroed_arena = false;
  /// memory.grow refuses to go beyond this many pages.
  u32 max_memory_pages = 65'536;
  /// Elements that each table may grow by; they are allotted up front.
  u32 table_headroom = 0;
  /// Bytes for operands, locals and call frames together; too deep a recursion traps with
  /// call_stack_exhausted.
  u32 stack_bytes = 64 * 1024;
  /// Lets the instance import from other instances (wasm/linker.h); null on devices. Must outlive the
  /// instance.
  Linker* linker = nullptr;
};

/// How a run ended, or why it paused.
enum class RunState : u8 {
  idle,      ///< nothing started
  paused,    ///< fuel used up; resume() goes on
  pending,   ///< a host function waits; resume() asks it again
  finished,  ///< returned; results() is valid
  trapped,   ///< trap() says why; memory stays as the guest left it
  exited,    ///< proc_exit; exit_code()
};

struct InstanceImpl;

/// A module with memory, tables, globals and one call stack, all in the caller's arena.
class Instance {
 public:
  /// Links imports, allots memory, runs data and element segments (not the start function: start() does).
  /// Errors: not_found (unknown import; Error::where is the import's index), invalid_argument (an import of
  /// the wrong type), out_of_memory, out_of_range (a segment that does not fit). On an error the arena is
  /// rewound, unless there is a linker: others may already hold references into the instance.
  static Result<Instance*> create(const ValidModule& module, std::span<const HostTable> host,
                                  const InstanceConfig& config, Arena& arena);

  /// Begins a call; the module's own start function, if any, runs before the first one. Arguments must match
  /// the type (their number is checked: invalid_argument). Also begins afresh after a trap or exit;
  /// invalid_argument while paused.
  Status start(u32 func_index, std::span<const Value> arguments = {});
  /// Begins the module's own start function alone; finishes at once where it has none.
  Status start();
  /// Runs at most `fuel` units (one is spent at each branch back and each call) and says how it stands. Never
  /// blocks on its own. However a run is sliced, it spends the same fuel in all and ends the same.
  RunState resume(u64 fuel = ~u64{0});

  RunState state() const;
  const Trap& trap() const;
  u32 exit_code() const;
  void set_exit_code(u32 code);
  std::span<const Value> results() const;
  const ValidModule& module() const;

  /// A view of `size` bytes at guest address `address` of memory 0; out_of_range when any lies outside. The
  /// view is valid until the guest runs again.
  Result<MutBytes> memory(u32 address, u32 size);
  /// All of memory 0 (memory_bytes long).
  MutBytes memory();

  u64 fuel_used() const;
  /// Most bytes of stack_bytes ever used.
  u32 stack_high_water() const;

  InstanceImpl& impl() { return *impl_; }

 private:
  friend struct InstanceImpl;
  InstanceImpl* impl_ = nullptr;
};

}  // namespace pipit::wasm
