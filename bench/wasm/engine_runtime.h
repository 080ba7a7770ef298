#pragma once
#include <functional>
#include <vector>

#include "base/arena.h"
#include "bench/wasm/subject.h"
#include "wasm/instance.h"

namespace pipit::bench {

/// Makes what an engine executes for a module, in `arena`, and completes the instance's configuration. `file`
/// is the module's path.
using Prepare = std::function<support::Status(const wasm::ValidModule& module, const std::string& file,
                                              Arena& arena, wasm::InstanceConfig& config)>;

/// Register code, translated in the arena.
support::Status prepare_registers(const wasm::ValidModule& module, const std::string& file, Arena& arena,
                                  wasm::InstanceConfig& config);
/// Native code that pipit-aot makes with `flags` and leaves in `folder` beside the kernels.
Prepare native_code(std::vector<std::string> flags);

/// One of Pipit's engines over FOLDER/KERNEL.VARIANT. Without `prepare` it is the one that executes the
/// module itself.
std::unique_ptr<Runtime> engine_runtime(std::string name, std::string folder, std::string variant,
                                        Prepare prepare = {});

}  // namespace pipit::bench
