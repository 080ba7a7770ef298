// Native code as the engine of a run: compiled once, kept in the cache, checked again by the loader.
#include <limits.h>
#include <unistd.h>

#include <optional>

#include "host/code_cache.h"
#include "host/engine.h"
#include "host/native/native.h"
#include "wasm/native/callers.h"

namespace pipit::host {
namespace {

namespace native = wasm::native;

/// pipit-aot beside this executable.
std::string compiler_beside_us() {
  char self[PATH_MAX] = {};
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  const std::string path(self, length > 0 ? static_cast<usize>(length) : 0);
  return path.substr(0, path.rfind('/') + 1) + "pipit-aot";
}

class NativeEngine final : public EngineSession {
 public:
  explicit NativeEngine(const EngineOptions& options)
      : cache_(options.cache_folder),
        request_{.compiler = options.compiler.empty() ? compiler_beside_us() : options.compiler,
                 .module_file = options.module_file,
                 .metering = options.metering,
                 .quick = options.quick} {}

  support::Result<bool> find(Bytes module) override {
    TRY(cache_.prepare());
    digest_ = sha256(module);
    path_ = TRY(cache_.path_of(digest_, request_));
    return access(path_.c_str(), R_OK) == 0;
  }

  support::Status configure(const wasm::ValidModule& module, Arena&, wasm::InstanceConfig& config) override {
    if (auto status = load(module); !status.ok()) {
      // Not there, or damaged: compiled now. What fails then is an error.
      TRY(cache_.compile(module.code(), request_, path_));
      TRY(load(module));
    }
    CodeCache::touch(path_);
    config.engine = &wasm::kNativeEngine;
    PIPIT_CHECK(code_.has_value());  // by load()
    config.code = &*code_;
    config.memory_space = memories_.space();
    return {};
  }

  bool pauses() const override { return request_.metering; }

  std::vector<CallFrame> callers(wasm::Instance& instance) const override {
    std::vector<CallFrame> frames;
    if (code_.has_value()) native::visit_callers(instance.impl(), code_->module, collect_into(frames));
    return frames;
  }

 private:
  support::Status load(const wasm::ValidModule& module) {
    file_ = TRY(NativeFile::map(path_));
    auto loaded = native::NativeModule::load(file_->bytes(), module, this_machine(), &digest_);
    if (!loaded.ok()) return support::Error(loaded.error()).in(path_);
    code_ = native::NativeCode{*loaded, &fault_port()};
    return {};
  }

  CodeCache cache_;
  CompileRequest request_;
  Sha256::Digest digest_{};  ///< of the module
  std::string path_;
  std::optional<NativeFile> file_;
  std::optional<native::NativeCode> code_;
  GuardedMemories memories_;
};

}  // namespace

std::unique_ptr<EngineSession> make_native_engine(const EngineOptions& options) {
  return std::make_unique<NativeEngine>(options);
}

}  // namespace pipit::host
