#pragma once
#include <vector>

#include "compiler/aot/compile.h"
#include "compiler/aot/fixed_tables.h"
#include "wasm/module_impl.h"

/// How a module is divided for compilation: which functions are compiled together, and with how much effort.
/// Depends on the module and the options alone, never on the machine or its threads, so that the same module
/// always becomes the same native module.
namespace pipit::aot {

/// What is done for a function; see optimise.cpp for the passes.
enum class Tier : u8 {
  quick,  ///< no optimisation, instructions selected one by one
  light,  ///< redundancy and invariants removed once, instructions selected one by one, registers allocated
          ///< well
  full,   ///< LLVM's whole pipeline with inlining and vectorisation, at the level asked for
};

/// Functions that become one object file.
struct Part {
  Tier tier = Tier::full;
  bool has_tables = false;     ///< the tables, and the stubs of entries and imports
  std::vector<u32> functions;  ///< with bodies, ascending
  u32 code_bytes = 0;          ///< of their bodies
};

struct Partition {
  std::vector<Part> parts;
  std::vector<bool> exposed;      ///< functions that can be named other than by a direct call
  std::vector<u32> global_cells;  ///< first cell of each of the module's own globals
  FixedTables tables;
  bool has_tail_calls = false;

  /// Everything is compiled together, so that nobody else can refer to it.
  bool is_whole() const { return parts.size() == 1; }
};

Partition divide(const wasm::ModuleImpl& module, const Options& options);

}  // namespace pipit::aot
