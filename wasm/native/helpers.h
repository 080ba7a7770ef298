#pragma once
#include "wasm/instance_impl.h"
#include "wasm/native/abi.h"

/// What native code asks for of what is not arithmetic (helpers.def); arithmetic.h has the rest. Which of
/// them an image has is decided by linking helper_table.cpp or helper_table_bare.cpp.
namespace pipit::wasm::native {

struct Context;

/// Whether the table has the helpers from kFirstArithmetic on.
extern const bool kHasArithmetic;

namespace help {

void trap(Context* c, u32 where);
void pause(Context* c);
void call_import(Context* c, u32 index, Value* values);
const u8* resolve(Context* c, u32 table, u32 element, u32 type, u32 where);
u32 memory_grow(Context* c, u32 pages);
void memory_init(Context* c, u32 segment, u32 to, u32 from, u32 count, u32 where);
void memory_copy(Context* c, u32 to, u32 from, u32 count, u32 where);
void memory_fill(Context* c, u32 to, u32 value, u32 count, u32 where);
void data_drop(Context* c, u32 segment);
void table_init(Context* c, u32 segment, u32 table, u32 to, u32 from, u32 count, u32 where);
void elem_drop(Context* c, u32 segment);
void table_copy(Context* c, u32 to_table, u32 from_table, u32 to, u32 from, u32 count, u32 where);
u32 table_grow(Context* c, u32 table, Ref value, u32 count);
void table_fill(Context* c, u32 table, u32 to, Ref value, u32 count, u32 where);

}  // namespace help

}  // namespace pipit::wasm::native
