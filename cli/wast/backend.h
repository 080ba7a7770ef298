#pragma once
#include <span>
#include <string_view>

#include "support/error.h"
#include "wasm/instance.h"

/// The engines that scripts can run in: one row each in backend.cpp.
namespace pipit::wast {

struct Backend {
  const char* name;  ///< what --engine= accepts
  const wasm::Engine* engine;
  /// Makes InstanceConfig::code for a module in `arena`; null where the engine needs none.
  support::Result<const void*> (*prepare)(const wasm::ValidModule& module, Arena& arena);
  bool guarded = false;  ///< memories lie in address space with guard pages
};

std::span<const Backend> backends();
/// not_found names those there are.
support::Result<const Backend*> find_backend(std::string_view name);

}  // namespace pipit::wast
