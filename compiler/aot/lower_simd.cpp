// 128-bit SIMD.
#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

bool FunctionLowering::simd(const wasm::Instruction& in) { return false; }

}  // namespace pipit::aot
