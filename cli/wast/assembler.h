#pragma once
#include <string>

#include "support/error.h"

/// The engine reads binary modules only. Modules that a script gives in text form are assembled as an
/// application's author would: by wabt's wat2wasm.
namespace pipit::wast {

/// Whether wat2wasm accepts the file. not_found where there is no wat2wasm.
support::Result<bool> assembles(const std::string& path);

}  // namespace pipit::wast
