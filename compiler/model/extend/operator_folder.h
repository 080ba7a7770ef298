#pragma once
#include <string>

#include "nn/include/pipit/operator.h"
#include "support/error.h"

namespace pipit::model {

/// Compiles the C files of a folder, loads them into this program and registers the operator they define,
/// until the program ends. What was compiled is kept, by the digest of the sources and of pipit/operator.h,
/// in the user's cache. Errors: not_found (no folder, no C file, no clang-22), malformed (the compiler's
/// words; no pipit_operator_entry), invalid_argument (what register_custom_operator refuses).
support::Result<const pipit_operator*> load_operator_folder(const std::string& folder);

/// Where pipit/operator.h lies.
std::string operator_include_folder();
/// The project's own folder: PIPIT_ROOT, or where this program was built.
std::string project_folder();

}  // namespace pipit::model
