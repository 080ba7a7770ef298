#pragma once
#include "wasm/callers.h"
#include "wasm/native/native.h"

namespace pipit::wasm::native {

/// Of an instance whose native code trapped, by the table of positions: functions that the compiler put into
/// their callers are there as well. Frames of other instances that it is linked with are passed over. Where
/// frames are not known, as those of the runtime that led from one instance into another, the next return
/// address on the stack of which the table knows the call is taken for the caller's; on processors that
/// return by a register it ends there.
void visit_callers(const InstanceImpl& instance, const NativeModule& module, CallVisitor visitor);

}  // namespace pipit::wasm::native
