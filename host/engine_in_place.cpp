// The interpreter in place as the engine of a run, and how its call stack is read.
#include "host/engine.h"
#include "wasm/interpreter.h"

namespace pipit::host {
namespace {

/// Where the first instruction of a function lies, behind the size and the locals of its body.
u32 first_instruction(const wasm::ModuleImpl& module, u32 func) {
  const u8* at = module.code.data() + module.funcs[func].body;
  (void)wasm::trusted_u32(at);
  for (u32 groups = wasm::trusted_u32(at); groups != 0; --groups, ++at) (void)wasm::trusted_u32(at);
  return static_cast<u32>(at - module.code.data());
}

class InPlaceEngine final : public EngineSession {
 public:
  support::Status configure(const wasm::ValidModule&, Arena&, wasm::InstanceConfig& config) override {
    config.engine = &wasm::kInPlaceEngine;
    return {};
  }

  std::vector<CallFrame> callers(wasm::Instance& instance) const override {
    std::vector<CallFrame> frames;
    wasm::visit_callers_in_place(instance.impl(), collect_into(frames));
    return frames;
  }

  bool steps() const override { return true; }
  EngineStep last_step(wasm::Instance& instance) const override {
    const wasm::InstanceImpl& impl = instance.impl();
    const auto& machine = static_cast<const wasm::Machine&>(*impl.run);
    const auto* end =
        reinterpret_cast<const wasm::Frame*>(machine.stack + impl.stack_bytes / sizeof(wasm::Value));
    const u32 offset = static_cast<u32>(machine.pc - impl.module->code.data());
    const u32 func = impl.module->func_at(offset);
    return {func, static_cast<u32>(end - machine.frame), offset == first_instruction(*impl.module, func)};
  }
};

}  // namespace

std::unique_ptr<EngineSession> make_in_place_engine(const EngineOptions&) {
  return std::make_unique<InPlaceEngine>();
}

}  // namespace pipit::host
