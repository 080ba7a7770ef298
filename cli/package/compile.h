#pragma once
#include "cli/package/recipe.h"

namespace pipit::package {

/// A linked module and what the linker knows about its memory.
struct CompiledModule {
  std::vector<u8> bytes;
  u32 static_bytes = 0;  ///< C stack and data; the heap begins here
  std::string warnings;  ///< what the compiler said
};

/// Compiles the recipe's C and C++ sources and the SDK's with clang for wasm32-wasi. Errors carry the
/// compiler's text. The same inputs give the same bytes, wherever they lie.
support::Result<CompiledModule> compile(const std::string& folder, const Recipe& recipe);

/// The SDK's folder: $PIPIT_SDK, else the one of the source tree this was built from.
std::string sdk_folder();

/// End of the last data segment in a map file of wasm-ld.
support::Result<u32> static_end(std::string_view map);

}  // namespace pipit::package
