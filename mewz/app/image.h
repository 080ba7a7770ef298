#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// What the machine was given to run: one module, or an archive that has one among other files.
struct AppImage {
  enum class Kind : u8 { wasm, native };
  Kind kind = Kind::wasm;
  std::string_view name;  ///< argv[0]
  Bytes code;
  Bytes archive;  ///< all of it, when the module came in one
};

/// Finds the application in `data`: a module by its first bytes, or the member `wanted` of a tar archive (the
/// first module in it, when `wanted` is empty). not_found or malformed otherwise.
Result<AppImage> open_image(Bytes data, std::string_view wanted);

}  // namespace pipit::mewz
