#pragma once
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// A planned model as C99 that needs nothing of Pipit: no heap, no C library beyond memcpy and memset,
/// activations in one static arena, only the kernels that the model uses. It computes the same bits as nn/
/// does.
namespace pipit::model {

struct CModel {
  std::string header;  ///< PREFIX.h: entry points; shapes, scales, RAM and flash as macros
  std::string source;  ///< PREFIX.c
  u32 arena_bytes = 0;
  u32 scratch_bytes = 0;               ///< static, besides the arena
  u32 dsp_scratch_bytes = 0;           ///< instead of those, with the DSP extension of Armv7E-M
  u32 state_bytes = 0;                 ///< of the arena: what the model remembers
  u32 constant_bytes = 0;              ///< weights, biases, factors, tables
  std::vector<std::string> functions;  ///< that the header declares
  std::vector<std::string> operators;  ///< names of custom operators, whose C must be compiled along
  std::vector<u8> constants;           ///< PREFIX.bin, which the source of a dialect embeds
};

struct Dialect;

/// `pipm` is a verified .pipm; `prefix` begins every public name and must be a C identifier. Errors:
/// invalid_argument (prefix), unsupported (an operator without a C kernel, by its index). A dialect makes it
/// C23 for one target, with constants in a file of their own.
support::Result<CModel> emit_c(Bytes pipm, const std::string& prefix, const Dialect* dialect = nullptr);

/// Name under which generated C expects the pipit_operator_entry of "com.example.HardGelu".
std::string entry_name(const std::string& operator_name);

}  // namespace pipit::model
