#pragma once
#include <vector>

#include "compiler/model/emit_c/dialect.h"

namespace pipit::model::wasm {

/// The kernels by name: kernels/<name>.c, embedded by the build, each behind those it calls.
std::span<const CKernel> kernels();

/// C for wasm32 with 128-bit SIMD. Integers are the engine's bit for bit, and so are floats unless relaxed
/// instructions are compiled in.
const Dialect& dialect();

/// Element types for which an operator has a kernel here.
std::vector<DType> types_of(nn::format::Opcode opcode);

}  // namespace pipit::model::wasm
