#pragma once
#include "wasm/callers.h"
#include "wasm/native/native.h"

namespace pipit::wasm::native {

/// Of an instance whose native code trapped (x86-64 and AArch64). Native frames have no links of their own:
/// every word of the stack that lies in the code behind a call is taken for a return address. One left over
/// from an earlier call may be among them, and functions that the compiler put into their callers are not.
void visit_callers(const InstanceImpl& instance, const NativeModule& module, CallVisitor visitor);

}  // namespace pipit::wasm::native
