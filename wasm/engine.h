#pragma once
#include "wasm/instance_impl.h"

/// The seam between an instance and what executes it. An engine is one constant of this type; naming it in
/// InstanceConfig::engine is what links it, so an image carries the engines it uses and no others.
namespace pipit::wasm {

struct Engine {
  /// "in-place": what --engine= accepts and a checkpoint records.
  const char* name;

  /// Called once by Instance::create, before globals, memory and segments are set up. Makes the engine's own
  /// state of a call stack, derived from Run, in `arena`; checks that `code` (InstanceConfig::code) was
  /// made for instance.module. The caller fills in Run::stack. Errors: out_of_memory,
  /// invalid_argument (code missing, or of another module).
  Result<Run*> (*attach)(InstanceImpl& instance, const void* code, Arena& arena);

  /// Puts the call stack before the module's start function (if `run_start`), then before Run::entry (if
  /// `run_entry`), whose `operands` arguments lie at Run::stack. Leaves Run::state paused.
  void (*boot)(InstanceImpl& instance, bool run_start, bool run_entry, u32 operands);

  /// Runs until the guest finishes, traps, exits, waits for a host function, or has spent Run::fuel; then
  /// Run::fuel is what is left of it, and Run::state says which. Results of a finished run lie at Run::stack.
  /// The Run is that of `instance`, also while functions of linked instances run.
  void (*run)(InstanceImpl& instance);
};

/// Executes the module's bytes where they lie; needs no code beside them.
extern const Engine kInPlaceEngine;

}  // namespace pipit::wasm
