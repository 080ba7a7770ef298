// Native code as the engine of a run: compiled once, kept in the cache, checked again by the loader.
#include <limits.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "host/code_cache.h"
#include "host/engine.h"
#include "host/native/native.h"
#include "wasm/native/context.h"

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

/// Whether a call ends right before `at`. x86-64: E8 with a distance, or FF /2 with a register or memory
/// operand; AArch64: BL with a distance, or BLR with a register.
bool follows_a_call(const u8* at) {
#if defined(__x86_64__)
  if (at[-5] == 0xE8) return true;
  for (const int length : {2, 3, 4, 6, 7})
    if (at[-length] == 0xFF && (at[1 - length] & 0x38) == 0x10) return true;
  return false;
#else
  u32 word = 0;
  std::memcpy(&word, at - 4, sizeof word);
  return (word & 0xFC00'0000) == 0x9400'0000 || (word & 0xFFFF'FC1F) == 0xD63F'0000;
#endif
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

  /// Native frames have no links of their own: every word of the stack that lies in the code behind a call is
  /// taken for a return address. One left over from an earlier call may be among them.
  std::vector<CallFrame> callers(wasm::Instance& instance) const override {
    const wasm::InstanceImpl& impl = instance.impl();
    const auto& run = static_cast<const native::NativeRun&>(*impl.run);
    std::vector<CallFrame> frames;
    const usize top = reinterpret_cast<usize>(run.stack) + impl.stack_bytes;
    if (run.trap_sp == nullptr || !code_.has_value()) return frames;
    for (auto* word = static_cast<const usize*>(run.trap_sp); reinterpret_cast<usize>(word + 1) <= top;
         ++word) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): a word of the stack, which may be an address
      const u8* const pc = reinterpret_cast<const u8*>(*word);
      if (!code_->module.contains(pc - 8) || !code_->module.contains(pc) || !follows_a_call(pc)) continue;
      const u32 offset = code_->module.offset_at(pc - 1);
      if (offset != 0) frames.push_back({impl.module->func_at(offset), offset});
    }
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
