#pragma once
#include <string>
#include <vector>

#include "compiler/model/emit_c/emit_c.h"

namespace pipit::model {

struct WasmOptions {
  /// Multiply-adds that round as the processor likes: faster floats, no longer the same bits everywhere, and
  /// only engines with relaxed SIMD load the module.
  bool relaxed_simd = false;
};

struct WasmModel {
  CModel c;                ///< what was compiled
  std::vector<u8> module;  ///< imports nothing, exports `memory` and the functions of the header
};

/// A verified .pipm as a Wasm module with 128-bit SIMD: PREFIX_input0 and so on yield addresses in its
/// memory, PREFIX_run infers. Errors: those of emit_c, not_found (no clang-22 or wasm-ld), internal (the
/// compiler's words), unsupported (operators of others, which are native).
support::Result<WasmModel> emit_wasm(Bytes pipm, const std::string& prefix, const WasmOptions& options = {});

}  // namespace pipit::model
