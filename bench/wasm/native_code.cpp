#include <deque>

#include "bench/wasm/engine_runtime.h"
#include "host/native/native.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::bench {
namespace {

/// A native module while instances of it live.
struct Loaded {
  explicit Loaded(host::NativeFile mapped) : file(std::move(mapped)) {}
  host::NativeFile file;
  std::vector<wasm::native::NativeCode> code;
  host::GuardedMemories memories;
};

support::Status compile(const std::string& module, const std::string& native,
                        const std::vector<std::string>& flags) {
  std::vector<std::string> command = {PIPIT_BENCH_BIN "/pipit-aot", module, "-o", native};
  command.insert(command.end(), flags.begin(), flags.end());
  const auto output = TRY(support::run(command));
  if (output.exit_code == 0) return {};
  return support::Error(Code::unsupported, "pipit-aot: " + output.err);
}

}  // namespace

Prepare native_code(std::vector<std::string> flags) {
  // What was loaded lives as long as the function that loaded it, of which std::function may make copies.
  auto loaded = std::make_shared<std::deque<Loaded>>();
  return [flags = std::move(flags), loaded](const wasm::ValidModule& module, const std::string& file, Arena&,
                                            wasm::InstanceConfig& config) -> support::Status {
    std::string native = file;
    for (const std::string& flag : flags) native += flag;
    native += ".pna";
    TRY(compile(file, native, flags));
    Loaded& entry = loaded->emplace_back(TRY(host::NativeFile::map(native)));
    auto verified = wasm::native::NativeModule::load(entry.file.bytes(), module, host::this_machine());
    if (!verified.ok()) return support::Error(verified.error()).in(native);
    entry.code.push_back({*verified, &host::fault_port()});
    config.engine = &wasm::kNativeEngine;
    config.code = entry.code.data();
    config.memory_space = entry.memories.space();
    return {};
  };
}

}  // namespace pipit::bench
