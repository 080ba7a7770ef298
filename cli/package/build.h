#pragma once
#include <functional>

#include "cli/package/compile.h"
#include "orchestrator/registry/package.h"

/// From an application's folder to the package that registries and devices take.
namespace pipit::package {

struct BuildOptions {
  std::string folder;                 ///< with pipit.yaml
  std::string version;                ///< empty: the recipe's
  std::vector<std::string> defines;   ///< "NAME=VALUE", after the recipe's
  bool unchecked = false;             ///< leave the checks to the device: for tests of devices
  std::vector<std::string> targets;   ///< targets to compile for as well (see native.h)
  std::vector<Recipe::Model> models;  ///< in place of the recipe's of the same name; files relative to here
};

/// A package and what there is to say about it.
struct BuildReport {
  registry::Package package;
  std::string name, version;
  u32 memory_bytes = 0, static_bytes = 0;  ///< static: C stack and data, 0 if unknown
  u32 engine_stack_bytes = 0, arena_bytes = 0;
  std::vector<std::string> imports;  ///< "module.name", sorted
  std::string warnings;
};

/// Compiles, checks and assembles. Everything a device would refuse later is an error here: a module that
/// does not validate, an import that no platform offers, data beyond the memory asked for, a model that does
/// not verify.
support::Result<BuildReport> build(const BuildOptions& options);

/// What check_module() learns.
struct ModuleFacts {
  std::vector<std::string> imports;  ///< "module.name", sorted
  u32 static_bytes = 0;  ///< C stack and data: the exported __heap_base; 0 where a module exports none
};
/// Validates a module and links it against the platform's tables with `memory_bytes` of memory.
support::Result<ModuleFacts> check_module(Bytes module, u32 memory_bytes);

}  // namespace pipit::package
