#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// What the machine was given to run: one module, or an archive that has one among other files.
struct AppImage {
  std::string_view name;  ///< argv[0]
  Bytes module;           ///< Wasm
  Bytes native;           ///< the same, compiled (.pna); empty: it is interpreted
  Bytes archive;          ///< all of it, when the module came in one
};

/// Finds the application in `data`: a module by its first bytes, or in a tar archive the member `wanted` (the
/// first module, when `wanted` is empty) and the first native module. not_found or malformed otherwise.
Result<AppImage> open_image(Bytes data, std::string_view wanted);

}  // namespace pipit::mewz
