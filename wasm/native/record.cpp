// A module from a native module's record (format.h) instead of decoding: its arrays stay where they lie.
#include <algorithm>

#include "wasm/module_impl.h"
#include "wasm/native/digest.h"
#include "wasm/native/native.h"

namespace pipit::wasm::native {

namespace {

// The file has these as they are.
static_assert(sizeof(TypeEntry) == 20 && sizeof(FuncEntry) == 12 && sizeof(TableType) == 16 &&
              sizeof(GlobalType) == 2);

Error malformed(const char* message, usize where) {
  return {Code::malformed, message, static_cast<u32>(where)};
}

/// Takes arrays from a record, one after another. Nothing of them may be looked at before ok().
class Arrays {
 public:
  Arrays(Bytes bytes, usize at) : bytes_(bytes), at_(at) {}
  template <class T>
  void take(std::span<T>& out, u32 count) {
    const u8* const first = bytes_.data() + std::min<u64>(at_, bytes_.size());
    // Never written to: only decoding does.
    out = {const_cast<T*>(reinterpret_cast<const T*>(first)), count};
    at_ += (u64{count} * sizeof(T) + 3) & ~u64{3};
  }
  bool ok() const { return at_ == bytes_.size(); }

 private:
  Bytes bytes_;
  u64 at_;
};

}  // namespace

Status NativeModule::read_record(ModuleImpl& module) const {
  const Bytes bytes = file_.subspan(header_->record_at, header_->record_bytes);
  const Record& record = *reinterpret_cast<const Record*>(bytes.data());
  Arrays arrays(bytes, sizeof record);
  arrays.take(module.types, record.types);
  arrays.take(module.funcs, record.funcs);
  arrays.take(module.tables, record.tables);
  arrays.take(module.elements, record.elements);
  arrays.take(module.data, record.data);
  arrays.take(module.globals, record.globals);
  arrays.take(module.declared, record.declared_bytes);
  if (!arrays.ok()) return malformed("damaged record of a native module", header_->record_at);
  module.memory = {record.memory_min, record.memory_max};
  module.imported_funcs = record.imported_funcs;
  module.imported_tables = record.imported_tables;
  module.imported_globals = record.imported_globals;
  module.constant_globals = record.constant_globals;
  module.import_count = record.import_count;
  module.imports_at = record.imports_at, module.exports_at = record.exports_at;
  module.globals_at = record.globals_at, module.export_count = record.export_count;
  module.names_at = record.names_at, module.names_size = record.names_size;
  module.start = record.start;
  module.has_memory = record.has_memory != 0, module.imported_memory = record.imported_memory != 0;
  module.has_data_count = record.has_data_count != 0, module.uses_v128 = record.uses_v128 != 0;
  return {};
}

/// Every index and every offset leads somewhere. That they are those of this module is the compiler's word,
/// like the code. All of it is looked at before anything is said: branches are what costs an emulator.
Status NativeModule::verify_record(const ModuleImpl& module) const {
  const usize size = module.code.size();
  const auto inside = [size](u64 at, u64 count) { return at + count <= size; };
  bool good = true;
  const auto require = [&good](bool holds) { good &= holds; };
  require(module.imported_funcs <= module.funcs.size());
  require(module.imported_tables <= module.tables.size());
  require(module.imported_globals <= module.globals.size());
  require(module.declared.size() == (module.funcs.size() + 7) / 8);
  require(inside(module.imports_at, module.import_count));
  require(inside(module.exports_at, module.export_count));
  require(inside(module.globals_at, 0));
  require(inside(module.names_at, module.names_size));
  require(module.start == kNone || module.start < module.funcs.size());
  for (const TypeEntry& type : module.types) {
    require(inside(type.params_at, type.param_count));
    require(inside(type.results_at, type.result_count));
    require(type.canonical < module.types.size());
  }
  for (const FuncEntry& func : module.funcs) {
    require(func.type < module.types.size());
    require(func.body < size);
  }
  for (const TableType& table : module.tables) require(table.init_at < size);
  for (const u32 at : module.elements) require(at < size);
  for (const u32 at : module.data) require(at < size);
  return good ? Status()
              : Status(malformed("record of a native module leads outside the module", header_->record_at));
}

Result<NativeModule::Loaded> NativeModule::load_alone(Bytes file, Bytes code, const Machine& machine,
                                                      Arena& arena) {
  if (file.size() < sizeof(Header) || reinterpret_cast<usize>(file.data()) % alignof(Header) != 0)
    return malformed("not a native module: too short or misaligned", 0);
  NativeModule native(file);
  TRY(native.verify_file(machine));
  TRY(native.verify_origin(digest_of_module(code, native.header().flags)));
  ModuleImpl* const module = TRY(arena.make<ModuleImpl>());
  module->code = code;
  TRY(native.read_record(*module));
  TRY(native.verify_record(*module));
  TRY(native.verify_tables(*module));
  return Loaded{ValidModule(module), native};
}

}  // namespace pipit::wasm::native
