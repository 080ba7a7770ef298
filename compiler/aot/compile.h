#pragma once
#include <functional>
#include <string>
#include <vector>

#include "compiler/aot/target.h"

/// Wasm to a native module, through LLVM.
namespace pipit::aot {

enum class Effort : u8 {
  quick,     ///< compiled at once
  light,     ///< redundancies removed, registers allocated, little more
  balanced,  ///< small modules, and of large ones what looks hot, as o3; the rest as light
  o0,
  o1,
  o2,
  o3,
};

/// Bytes of function bodies that are compiled together where a module is divided.
constexpr u32 kPartBytes = 32u << 10;

struct Options {
  Target target;
  Effort effort = Effort::balanced;
  /// Count fuel, so that runs can be paused.
  bool metering = false;
  /// Memory bytes the instance will have, for software checks; 0: unknown.
  u32 memory_limit = 0;
  /// Called now and then with what is being done ("compile", "link") and how far it is, 0 to 1; by one thread
  /// at a time.
  std::function<void(const char* stage, double done)> progress;
  /// Where to leave the optimised LLVM IR, for people; empty: nowhere. Of several parts each after the first
  /// adds its number to the name.
  std::string ir_file;
  /// Threads that compile; 0: one for each processor. The outcome does not depend on it.
  u32 threads = 0;
  /// Size of a part, for tests; 0: as the module's size suggests.
  u32 part_bytes = 0;
};

/// Compiles a module. Errors: malformed (with the offset), unsupported (a feature the target lacks), internal
/// (LLVM).
support::Result<std::vector<u8>> compile(Bytes module, const Options& options);

}  // namespace pipit::aot
