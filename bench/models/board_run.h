#pragma once
#include <string>

#include "support/error.h"

namespace pipit::bench {

/// What model-bench (bench/models/board) counted for one inference of a planned model.
struct BoardResult {
  f64 instructions = 0;
  std::string checksum;  ///< of output 0
};

/// Brings the board's model-bench up to date, configuring its build where there is none; says so on standard
/// error, because the first time takes a minute. Errors: unsupported, with what the tools said.
support::Status build_board_program(const std::string& board);

/// Runs `pipm` on a board in QEMU, "mps2-an386" or "virt-rv32". not_found where the board's model-bench was
/// not built.
support::Result<BoardResult> run_on_board(const std::string& board, const std::string& pipm);

/// The same for a model (ONNX or TensorFlow Lite) that is compiled to C with integers at its edges, into
/// `folder` (bench/models/board/generated.c). Errors: unsupported, with what the tools said.
struct GeneratedResult {
  f64 instructions = 0;
  u32 stack_bytes = 0;
};
support::Result<GeneratedResult> run_generated_on_board(const std::string& board, const std::string& model,
                                                        const std::string& folder);

}  // namespace pipit::bench
