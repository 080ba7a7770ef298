#pragma once
#include <string>
#include <vector>

#include "compiler/model/emit_c/emit_c.h"

namespace pipit::model {

/// Compiles generated C to a Wasm module with SIMD that imports nothing and exports `memory` and the
/// functions of the header: PREFIX_input0 and so on yield addresses in it, PREFIX_run infers. Errors:
/// not_found (no clang-22 or wasm-ld), internal (the compiler's words), unsupported (operators of others,
/// which are native).
support::Result<std::vector<u8>> compile_wasm(const CModel& model, const std::string& prefix);

}  // namespace pipit::model
