#pragma once
#include "base/types.h"

/// What the loader's image finds behind itself in flash, and the test puts there: a native module, its Wasm
/// module, and what an instance of it gets.
namespace pipit::loader {

constexpr u32 kPackageAt = 1u << 20;  ///< in the code memory of mps2-an386, behind the image

struct Package {
  u32 native_bytes, module_bytes;
  u32 memory_bytes, stack_bytes;

  /// The native module follows; it is a multiple of 16 bytes away, as its image must be.
  Bytes native() const { return {reinterpret_cast<const u8*>(this + 1), native_bytes}; }
  Bytes module() const { return {native().data() + native_bytes, module_bytes}; }
};
static_assert(sizeof(Package) == 16);

}  // namespace pipit::loader
