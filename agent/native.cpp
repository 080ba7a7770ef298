#include "agent/native.h"

namespace pipit::agent {

using namespace wasm;

static Status prepare(Bytes file, const ValidModule& module, const native::Machine& machine, Arena& arena,
                      InstanceConfig& config) {
  const native::NativeModule native = TRY(native::NativeModule::load(file, module, machine));
  config.code = TRY(arena.make<native::NativeCode>(native));
  config.engine = &kNativeEngine;
  return {};
}

constinit const NativeRuntime kNativeRuntime = {prepare};

}  // namespace pipit::agent
