// Instance's run-time face: start, resume, results, memory.
#include <algorithm>
#include <cstring>

#include "wasm/instance_impl.h"

namespace pipit::wasm {

static bool is_running(RunState state) { return state == RunState::paused || state == RunState::pending; }

Status Instance::start(u32 func_index, std::span<const Value> arguments) {
  Machine& machine = impl_->machine;
  const ModuleImpl& module = *impl_->module;
  if (is_running(machine.state)) return Error{Code::invalid_argument, "the instance is still running"};
  if (func_index >= module.funcs.size()) return Error{Code::not_found, "no such function", func_index};
  const TypeEntry& type = module.type_of(func_index);
  if (arguments.size() != type.param_count)
    return Error{Code::invalid_argument, "wrong number of arguments", type.param_count};
  if (impl_->stack_bytes / sizeof(Value) < std::max(type.param_count, type.result_count))
    return Error{Code::out_of_memory, "stack too small for the arguments", impl_->stack_bytes};
  std::ranges::copy(arguments, machine.stack);
  machine.entry = func_index;
  boot_machine(*impl_, module.start != kNone && !impl_->module_started, true, type.param_count);
  impl_->module_started = true;
  return {};
}

Status Instance::start() {
  if (is_running(impl_->machine.state)) return Error{Code::invalid_argument, "the instance is still running"};
  boot_machine(*impl_, impl_->module->start != kNone && !impl_->module_started, false, 0);
  impl_->module_started = true;
  return {};
}

RunState Instance::resume(u64 fuel) {
  Machine& machine = impl_->machine;
  if (!is_running(machine.state)) return machine.state;
  if (machine.owes) {
    if (fuel == 0) return machine.state;
    --fuel;
    ++impl_->fuel_used;
    machine.owes = false;
  }
  machine.fuel = fuel;
  machine.ticks = 0;
  run_machine(machine);
  impl_->fuel_used += fuel - machine.fuel - static_cast<u32>(machine.ticks);
  return machine.state;
}

RunState Instance::state() const { return impl_->machine.state; }
const Trap& Instance::trap() const { return impl_->machine.trap; }
u32 Instance::exit_code() const { return impl_->exit_code; }
void Instance::set_exit_code(u32 code) { impl_->exit_code = code; }
const ValidModule& Instance::module() const { return impl_->module_handle; }
u64 Instance::fuel_used() const { return impl_->fuel_used; }

std::span<const Value> Instance::results() const {
  const Machine& machine = impl_->machine;
  if (machine.state != RunState::finished) return {};
  return {machine.stack, static_cast<usize>(machine.sp - machine.stack)};
}

Result<MutBytes> Instance::memory(u32 address, u32 size) {
  MemoryInst& memory = *impl_->memory;
  if (address > memory.bytes || size > memory.bytes - address)
    return Error{Code::out_of_range, "address outside the guest's memory", address};
  return MutBytes{memory.base + address, size};
}

MutBytes Instance::memory() { return {impl_->memory->base, impl_->memory->bytes}; }

u32 Instance::stack_high_water() const {
  return impl_->stack_bytes - static_cast<u32>(impl_->machine.least_gap);
}

}  // namespace pipit::wasm
