#pragma once
#include <functional>

#include "base/arena.h"
#include "bench/wasm/subject.h"
#include "wasm/instance.h"

namespace pipit::bench {

/// What an engine executes for a module: InstanceConfig::code, made in `arena`. `file` is the module's path.
using PrepareCode = std::function<support::Result<const void*>(const wasm::ValidModule& module,
                                                               const std::string& file, Arena& arena)>;

/// One of Pipit's engines over FOLDER/KERNEL.VARIANT. Without `prepare` it executes the module itself.
std::unique_ptr<Runtime> engine_runtime(std::string name, const wasm::Engine& engine, std::string folder,
                                        std::string variant, PrepareCode prepare = {});

}  // namespace pipit::bench
