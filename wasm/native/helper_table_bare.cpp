// The helpers without arithmetic, for images that run code which needs none: on Cortex-M4F integers of 32
// bits and floats in single precision.
#include "wasm/native/context.h"
#include "wasm/native/helpers.h"

namespace pipit::wasm::native {

namespace {

constexpr u32 kCount = static_cast<u32>(kFirstArithmetic);

using Any = void (*)();
template <class T>
Any any(T helper) {
  return reinterpret_cast<Any>(helper);
}

const Any kHelpers[kCount] = {
    any(help::trap),        any(help::pause),       any(help::call_import), any(help::resolve),
    any(help::memory_grow), any(help::memory_init), any(help::memory_copy), any(help::memory_fill),
    any(help::data_drop),   any(help::table_init),  any(help::elem_drop),   any(help::table_copy),
    any(help::table_grow),  any(help::table_fill),
};

}  // namespace

constinit const bool kHasArithmetic = false;
const void* helper_table() { return kHelpers; }

}  // namespace pipit::wasm::native
