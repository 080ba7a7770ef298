#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/wast/backend.h"
#include "host/native/native.h"
#include "support/error.h"
#include "wasm/linker.h"

/// Instances of one test script and the names under which they import from one another.
namespace pipit::wast {

/// The module "spectest" that scripts import from.
Bytes spectest_module();

/// One module with all its memory: an address-space reservation, so that memory.grow has room.
class LoadedModule {
 public:
  static support::Result<std::unique_ptr<LoadedModule>> create(std::vector<u8> bytes, const Backend& backend);
  ~LoadedModule();
  LoadedModule(const LoadedModule&) = delete;

  /// Decodes and validates.
  Status load(const wasm::Limits& limits);
  /// Makes what the engine executes and instantiates, without running the start function. On an error the
  /// instance may have left references behind, so the object must live on.
  support::Status instantiate(wasm::Linker& linker, std::span<const wasm::HostTable> host = {});
  wasm::Instance* instance() { return instance_; }
  const wasm::ValidModule& module() const { return *module_; }

 private:
  LoadedModule(std::vector<u8> bytes, const Backend& backend, MutBytes space)
      : bytes_(std::move(bytes)), backend_(backend), space_(space), arena_(space) {}

  std::vector<u8> bytes_;
  const Backend& backend_;
  MutBytes space_;
  Arena arena_;
  host::GuardedMemories memories_;
  std::unique_ptr<wasm::ValidModule> module_;
  wasm::Instance* instance_ = nullptr;
};

/// Registered instances.
class Store final : public wasm::Linker {
 public:
  Result<wasm::Extern> find(std::string_view module, std::string_view name) override;
  void register_as(const std::string& module, wasm::Instance& instance) { registered_[module] = &instance; }

 private:
  std::map<std::string, wasm::Instance*, std::less<>> registered_;
};

}  // namespace pipit::wast
