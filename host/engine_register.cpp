// Register code as the engine of a run: translated once and kept in the cache; and how its call stack is
// read.
#include <algorithm>
#include <map>

#include "host/code_cache.h"
#include "host/engine.h"
#include "host/memory.h"
#include "wasm/register/machine.h"
#include "wasm/register/translate.h"

namespace pipit::host {
namespace {

/// A module below this size is translated sooner than it is looked up.
constexpr usize kLeastWorthKeeping = usize{16} << 10;
constexpr usize kLargestFile = usize{1} << 30;

class RegisterEngine final : public EngineSession {
 public:
  explicit RegisterEngine(const EngineOptions& options) : cache_(options.cache_folder) {}

  support::Status configure(const wasm::ValidModule& module, Arena& arena,
                            wasm::InstanceConfig& config) override {
    config.engine = &wasm::kRegisterEngine;
    config.code = &code_;
    std::string path;
    if (module.code().size() >= kLeastWorthKeeping && cache_.prepare().ok())
      if (auto found = cache_.register_path_of(module.code()); found.ok()) path = std::move(found).value();
    if (!path.empty() && open_kept(path, module)) return {};
    TRY(translate(module, arena));
    // A cache that cannot be written to costs time, not the run.
    if (!path.empty()) (void)cache_.store(memory_, path);
    return {};
  }

  std::vector<CallFrame> callers(wasm::Instance& instance) const override {
    const wasm::InstanceImpl& impl = instance.impl();
    const auto& machine = wasm::reg::machine_of(instance.impl());
    const wasm::RegisterCode& image = *machine.image;
    const u8* const stack = reinterpret_cast<const u8*>(machine.stack);
    const auto* end = reinterpret_cast<const wasm::reg::Frame*>(stack + impl.stack_bytes);
    std::vector<u8> memory(kScratchBytes);
    std::vector<CallFrame> frames;
    std::map<u32, CallFrame> known;  // deep recursion is at few places
    for (const wasm::reg::Frame* frame = machine.frame; frame < end; ++frame) {
      if (frame->pc < image.code || frame->pc > image.code + image.code_bytes) continue;
      const u32 at = static_cast<u32>(frame->pc - image.code);
      if (const auto place = known.find(at); place != known.end()) {
        frames.push_back(place->second);
        continue;
      }
      const u32* const last = image.entries + image.function_count;
      const u32 number = static_cast<u32>(std::upper_bound(image.entries, last, at - 1) - image.entries) - 1;
      const u32 func = impl.module->imported_funcs + number;
      Arena scratch(memory);
      const u32 offset = wasm::wasm_offset(*impl.module, func, at - 1 - image.entries[number], scratch);
      frames.push_back(known[at] = {func, offset});
    }
    return frames;
  }

 private:
  static constexpr usize kScratchBytes = usize{1} << 20;  ///< for translating one function again

  /// Takes the file at `path` if it is there and whole.
  bool open_kept(const std::string& path, const wasm::ValidModule& module) {
    auto mapped = Mapping::file(path, kLargestFile);
    if (!mapped.ok()) return false;
    file_ = std::move(mapped).value();
    const auto opened = wasm::RegisterCode::open(file_.memory(), module);
    if (!opened.ok()) return false;
    code_ = *opened;
    CodeCache::touch(path);
    return true;
  }

  support::Status translate(const wasm::ValidModule& module, Arena& arena) {
    const auto append = [](void* context, Bytes bytes) {
      auto& to = *static_cast<std::vector<u8>*>(context);
      to.insert(to.end(), bytes.begin(), bytes.end());
      return true;
    };
    memory_.clear();
    TRY(wasm::translate(module, {append, &memory_}, arena));
    code_ = TRY(wasm::RegisterCode::open(memory_, module));
    return {};
  }

  CodeCache cache_;
  Mapping file_;
  std::vector<u8> memory_;
  wasm::RegisterCode code_;
};

}  // namespace

std::unique_ptr<EngineSession> make_register_engine(const EngineOptions& options) {
  return std::make_unique<RegisterEngine>(options);
}

}  // namespace pipit::host
