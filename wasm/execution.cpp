// Instance's run-time face: start, resume, results, memory.
#include <algorithm>
#include <cstring>

#include "wasm/engine.h"

namespace pipit::wasm {

static bool is_running(RunState state) { return state == RunState::paused || state == RunState::pending; }

/// Puts the call stack before what the next resume() runs.
static void boot(InstanceImpl& impl, bool run_entry, u32 operands) {
  Run& run = *impl.run;
  run.trap = {};
  run.state = RunState::paused;
  run.owes = false;
  const bool run_start = impl.module->start != kNone && !impl.module_started;
  impl.module_started = true;
  impl.engine->boot(impl, run_start, run_entry, operands);
}

Status Instance::start(u32 func_index, std::span<const Value> arguments) {
  Run& run = *impl_->run;
  const ModuleImpl& module = *impl_->module;
  if (is_running(run.state)) return Error{Code::invalid_argument, "the instance is still running"};
  if (func_index >= module.funcs.size()) return Error{Code::not_found, "no such function", func_index};
  const TypeEntry& type = module.type_of(func_index);
  if (arguments.size() != type.param_slots)
    return Error{Code::invalid_argument, "wrong number of arguments", type.param_slots};
  if (impl_->stack_bytes / sizeof(Value) < std::max(type.param_slots, type.result_slots))
    return Error{Code::out_of_memory, "stack too small for the arguments", impl_->stack_bytes};
  std::ranges::copy(arguments, run.stack);
  run.entry = func_index;
  boot(*impl_, true, type.param_slots);
  return {};
}

Status Instance::start() {
  if (is_running(impl_->run->state)) return Error{Code::invalid_argument, "the instance is still running"};
  boot(*impl_, false, 0);
  return {};
}

RunState Instance::resume(u64 fuel) {
  Run& run = *impl_->run;
  if (!is_running(run.state)) return run.state;
  if (run.owes) {
    if (fuel == 0) return run.state;
    --fuel;
    ++impl_->fuel_used;
    run.owes = false;
  }
  run.fuel = fuel;
  impl_->engine->run(*impl_);
  impl_->fuel_used += fuel - run.fuel;
  return run.state;
}

RunState Instance::state() const { return impl_->run->state; }
const Trap& Instance::trap() const { return impl_->run->trap; }
u32 Instance::exit_code() const { return impl_->exit_code; }
void Instance::set_exit_code(u32 code) { impl_->exit_code = code; }
const ValidModule& Instance::module() const { return impl_->module_handle; }
u64 Instance::fuel_used() const { return impl_->fuel_used; }

std::span<const Value> Instance::results() const {
  const Run& run = *impl_->run;
  if (run.state != RunState::finished) return {};
  return {run.stack, run.result_count};
}

Result<MutBytes> Instance::memory(u32 address, u32 size) {
  MemoryInst& memory = *impl_->memory;
  if (address > memory.bytes || size > memory.bytes - address)
    return Error{Code::out_of_range, "address outside the guest's memory", address};
  return MutBytes{memory.base + address, size};
}

MutBytes Instance::memory() { return {impl_->memory->base, impl_->memory->bytes}; }

u32 Instance::stack_high_water() const {
  return impl_->stack_bytes - static_cast<u32>(impl_->run->least_gap);
}

}  // namespace pipit::wasm
