#include "mewz/node/platform.h"

#include "mewz/clock.h"

namespace pipit::mewz {
namespace {

constexpr u32 kWasmPage = 65536;

}  // namespace

Status NodePlatform::equip(u32 index, const wasm::ValidModule& module, Bytes native, wasi::Context& context,
                           wasm::InstanceConfig& config) {
  App& app = apps_[index];
  for (wasi::Descriptor& each : app.descriptors) each = {};
  context.descriptors = app.descriptors;
  context.sockets = &sockets(owner(index));
  context.files = files_;
  app.trial = false;
  if (native.empty()) return {};
  app.code.emplace(TRY(load_native(native, module, *cpu_)), &native_faults());
  // The agent has other things to do meanwhile, and another application may have.
  if ((app.code->module.header().flags & wasm::native::kMetered) == 0)
    return Error{Code::unsupported, "the native module is not metered (pipit aot --metering)"};
  config.engine = &wasm::kNativeEngine;
  config.code = &*app.code;
  config.memory_space = &app.memory.space();
  config.zeroed_arena = true;
  config.memory_bytes = (config.memory_bytes + kWasmPage - 1) & ~(kWasmPage - 1);
  return {};
}

void NodePlatform::retire(u32 index, bool failed) {
  App& app = apps_[index];
  close_all(owner(index), failed);
  for (wasi::Descriptor& each : app.descriptors)
    if (each.kind == wasi::Descriptor::Kind::file) (void)files_->close(each.handle);
  app.memory.release();
  if (app.code) unload_native(app.code->module);
  app.code.reset();
  app.trial = false;
}

agent::Platform::Trial NodePlatform::trial(u32 index) {
  App& app = apps_[index];
  const ServerState state = server_state(owner(index));
  const u64 now = clock().uptime_ms();
  if (!state.asks) return Trial::none;
  if (!app.trial) {
    app.trial = true;
    app.trial_ms = now;
    app.waiting_ms = 0;
    begin_trial(owner(index));
    return Trial::running;
  }
  if (!state.waiting)
    app.waiting_ms = 0;
  else if (app.waiting_ms == 0)
    app.waiting_ms = now + 1;
  if (app.waiting_ms != 0 && now - (app.waiting_ms - 1) > kAnswerMs && !state.answered) return Trial::failed;
  const u64 passed = now - app.trial_ms;
  return (state.answered && passed >= kSettleMs) || (passed >= kQuietMs && !state.waiting) ? Trial::passed
                                                                                           : Trial::running;
}

void NodePlatform::take_over(u32 index) {
  begin_trial(owner(index));  // without one it may not have begun
  pass_trial(owner(index));
  hang_up(owner(1 - index));
  apps_[1 - index].leaving_ms = clock().uptime_ms();
}

bool NodePlatform::leaving(u32 index) {
  if (server_state(owner(index)).connections == 0) return false;
  return clock().uptime_ms() - apps_[index].leaving_ms < kFinishMs;
}

}  // namespace pipit::mewz
