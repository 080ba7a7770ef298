#pragma once
#include "wasm/instance_impl.h"

/// Who called the function that trapped or paused: for call stacks that a person reads.
namespace pipit::wasm {

/// A call in progress.
struct CallFrame {
  u32 func;
  u32 offset;  ///< in the module, of the instruction it is at; of callers, the call; 0: unknown
};

/// Takes calls one after another, innermost first.
struct CallVisitor {
  void (*visit)(void* context, CallFrame frame);
  void* context;
};

/// Offset of the instruction of `func` that ends at `end` or reaches over it. `func` is defined and
/// validated.
u32 instruction_before(const ModuleImpl& module, u32 func, u32 end);

/// Of an instance that the in-place engine runs, without the function that trapped or paused itself.
void visit_callers_in_place(const InstanceImpl& instance, CallVisitor visitor);

}  // namespace pipit::wasm
