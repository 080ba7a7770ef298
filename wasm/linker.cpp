#include "wasm/linker.h"

namespace pipit::wasm {

Status Linker::add(InstanceImpl& instance) {
  if (count_ == kMaxInstances)
    return Error{Code::out_of_memory, "too many instances in one linker", kMaxInstances};
  if (count_ != 0 && instance.engine != peers_[0]->engine)
    return Error{Code::invalid_argument, "linked instances must run in one engine"};
  instance.id = count_;
  instance.peers = peers_;
  peers_[count_++] = &instance;
  return {};
}

Result<Extern> find_export(Instance& instance, std::string_view name) {
  InstanceImpl& impl = instance.impl();
  Reader reader(impl.module->code, impl.module->exports_at);
  for (u32 i = 0; i < impl.module->export_count; ++i) {
    const ExportEntry entry = read_export(reader);
    if (entry.name == name) return Extern{entry.kind, &impl, entry.index};
  }
  return Error{Code::not_found, "no export of that name"};
}

std::span<const Value> global_value(const Extern& global) {
  return {global.instance->globals[global.index], slots_of(global_type(global))};
}
u8 global_type(const Extern& global) { return global.instance->module->globals[global.index].type; }

TypeList function_params(InstanceImpl& instance, u32 index) {
  return instance.module->params(instance.module->funcs[index].type);
}
TypeList function_results(InstanceImpl& instance, u32 index) {
  return instance.module->results(instance.module->funcs[index].type);
}

}  // namespace pipit::wasm
