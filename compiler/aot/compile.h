#pragma once
#include <functional>
#include <string>
#include <vector>

#include "compiler/aot/target.h"

/// Wasm to a native module, through LLVM.
namespace pipit::aot {

enum class Effort : u8 { quick, o0, o1, o2, o3 };

struct Options {
  Target target;
  Effort effort = Effort::o3;
  /// Count fuel, so that runs can be paused.
  bool metering = false;
  /// Memory bytes the instance will have, for software checks; 0: unknown.
  u32 memory_limit = 0;
  /// Called now and then with what is being done ("lower", "optimise", "emit") and how far it is, 0 to 1.
  std::function<void(const char* stage, double done)> progress;
  /// Where to leave the optimised LLVM IR, for people; empty: nowhere.
  std::string ir_file;
};

/// Compiles a module. Errors: malformed (with the offset), unsupported (a feature the target lacks), internal
/// (LLVM).
support::Result<std::vector<u8>> compile(Bytes module, const Options& options);

}  // namespace pipit::aot
