// Register code as the engine of a run, and how its call stack is read.
#include <algorithm>

#include "host/engine.h"
#include "wasm/register/machine.h"
#include "wasm/register/translate.h"

namespace pipit::host {
namespace {

class RegisterEngine final : public EngineSession {
 public:
  support::Status configure(const wasm::ValidModule& module, Arena& arena,
                            wasm::InstanceConfig& config) override {
    config.engine = &wasm::kRegisterEngine;
    config.code = TRY(wasm::translate_in(module, arena));
    return {};
  }

  std::vector<CallFrame> callers(wasm::Instance& instance) const override {
    const wasm::InstanceImpl& impl = instance.impl();
    const auto& machine = wasm::reg::machine_of(instance.impl());
    const wasm::RegisterCode& image = *machine.image;
    const auto* end =
        reinterpret_cast<const wasm::reg::Frame*>(machine.stack + impl.stack_bytes / sizeof(wasm::Value));
    std::vector<u8> memory(kScratchBytes);
    std::vector<CallFrame> frames;
    for (const wasm::reg::Frame* frame = machine.frame; frame < end; ++frame) {
      if (frame->pc < image.code || frame->pc > image.code + image.code_bytes) continue;
      const u32 at = static_cast<u32>(frame->pc - image.code);
      const u32* const last = image.entries + image.function_count;
      const u32 number = static_cast<u32>(std::upper_bound(image.entries, last, at - 1) - image.entries) - 1;
      const u32 func = impl.module->imported_funcs + number;
      Arena scratch(memory);
      frames.push_back({func, wasm::wasm_offset(*impl.module, func, at - image.entries[number], scratch)});
    }
    return frames;
  }

 private:
  static constexpr usize kScratchBytes = usize{1} << 20;  ///< for translating one function again
};

}  // namespace

std::unique_ptr<EngineSession> make_register_engine(const EngineOptions&) {
  return std::make_unique<RegisterEngine>();
}

}  // namespace pipit::host
