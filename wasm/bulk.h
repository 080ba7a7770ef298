#pragma once
#include "wasm/instance_impl.h"

/// Instructions on whole ranges of memory and tables, and the check before an indirect call: what every
/// engine does the same way. `none` when they succeeded.
namespace pipit::wasm {

TrapKind copy_memory(InstanceImpl& instance, u32 to, u32 from, u32 count);
TrapKind fill_memory(InstanceImpl& instance, u32 to, u32 value, u32 count);
TrapKind copy_table(InstanceImpl& instance, u32 to_table, u32 from_table, u32 to, u32 from, u32 count);
TrapKind fill_table(InstanceImpl& instance, u32 table, u32 to, Ref value, u32 count);

/// Which function element `element` of a table leads to; it must have type `type` of `instance`'s module.
TrapKind find_indirect(const InstanceImpl& instance, u32 type, u32 table, u32 element, InstanceImpl*& target,
                       u32& func);

}  // namespace pipit::wasm
