#pragma once
#include "cli/package/recipe.h"

namespace pipit::package {

struct CompiledModule {
  std::vector<u8> bytes;
  std::string warnings;  ///< what the compiler said
};

/// Compiles the recipe's C and C++ sources and the SDK's with clang for wasm32-wasi. Errors carry the
/// compiler's text. The same inputs give the same bytes, wherever they lie.
support::Result<CompiledModule> compile(const std::string& folder, const Recipe& recipe);

/// The SDK's folder: $PIPIT_SDK, else the one of the source tree this was built from.
std::string sdk_folder();

}  // namespace pipit::package
