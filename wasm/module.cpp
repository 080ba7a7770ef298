#include "wasm/module.h"

#include <algorithm>

#include "wasm/module_impl.h"

namespace pipit::wasm {

static Result<ModuleImpl*> load_into(Bytes code, Arena& arena, const Limits& limits) {
  ModuleImpl* module = TRY(arena.make<ModuleImpl>());
  module->code = code;
  TRY(decode_sections(*module, arena, limits));
  TRY(validate_bodies(*module, arena, limits));
  return module;
}

Result<ValidModule> ValidModule::load(Bytes code, Arena& arena, const Limits& limits) {
  const usize mark = arena.mark();
  auto module = load_into(code, arena, limits);
  if (module.ok()) return ValidModule(*module);
  arena.rewind(mark);
  return module.take_error();
}

Result<ValidModule> ValidModule::load_known(Bytes code, Arena& arena, const Limits& limits) {
  const usize mark = arena.mark();
  auto module = arena.make<ModuleImpl>();
  if (!module.ok()) return module.take_error();
  (*module)->code = code;
  auto status = decode_sections(**module, arena, limits);
  if (status.ok()) return ValidModule(*module);
  arena.rewind(mark);
  return status.error();
}

u32 ModuleImpl::func_at(u32 offset) const {
  const auto defined = funcs.subspan(imported_funcs);
  const auto after = std::ranges::upper_bound(defined, offset, {}, &FuncEntry::body);
  return imported_funcs + static_cast<u32>(after - defined.begin()) - (after == defined.begin() ? 0 : 1);
}

u32 ValidModule::import_count() const { return impl_->import_count; }

ValidModule::Import ValidModule::import(u32 index) const {
  PIPIT_CHECK(index < impl_->import_count);
  Reader reader(impl_->code, impl_->imports_at);
  ImportEntry entry = read_import(reader);
  while (index-- > 0) entry = read_import(reader);
  return {entry.module, entry.name, entry.kind, entry.type};
}

Result<u32> ValidModule::exported_function(std::string_view name) const {
  Reader reader(impl_->code, impl_->exports_at);
  for (u32 i = 0; i < impl_->export_count; ++i) {
    const ExportEntry entry = read_export(reader);
    if (entry.kind == ExternKind::func && entry.name == name) return entry.index;
  }
  return Error{Code::not_found, "no exported function of that name"};
}

Bytes ValidModule::code() const { return impl_->code; }

/// The name section is not validated: whatever is wrong with it only means that there is no name.
static std::string_view debug_name(const ModuleImpl& module, u32 func) {
  Reader reader(module.code, module.names_at);
  reader.narrow(module.names_size);
  while (reader.ok() && !reader.at_end()) {
    const u8 kind = reader.byte();
    const u8* outer = reader.narrow(reader.leb_u32());
    if (kind == 1) {
      const u32 count = reader.leb_u32();
      for (u32 i = 0; i < count && reader.ok(); ++i) {
        const u32 index = reader.leb_u32();
        const std::string_view name = reader.name();
        if (index == func && reader.ok()) return name;
      }
      return {};
    }
    reader.bytes(static_cast<u32>(reader.left()));
    reader.restore(outer);
  }
  return {};
}

std::string_view ValidModule::function_name(u32 func_index) const {
  if (impl_->names_size != 0) {
    const std::string_view name = debug_name(*impl_, func_index);
    if (!name.empty()) return name;
  }
  Reader reader(impl_->code, impl_->exports_at);
  for (u32 i = 0; i < impl_->export_count; ++i) {
    const ExportEntry entry = read_export(reader);
    if (entry.kind == ExternKind::func && entry.index == func_index) return entry.name;
  }
  return {};
}

}  // namespace pipit::wasm
