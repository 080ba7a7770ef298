// What decoding the module came to, for images that do not decode (wasm/native/record.cpp reads it).
#include <cstring>

#include "compiler/aot/emit.h"

namespace pipit::aot {

namespace native = wasm::native;

namespace {

/// Bytes of an item that are no member's. They hold whatever stood there before, an address for instance, and
/// are written as zeroes: the same module gives the same bytes.
struct Padding {
  usize at = 0, bytes = 0;
};
constexpr Padding kOfType = {offsetof(wasm::TypeEntry, canonical) + sizeof(u16), 2};
constexpr Padding kOfTable = {offsetof(wasm::TableType, type) + sizeof(u8), 3};
static_assert(kOfType.at + kOfType.bytes == sizeof(wasm::TypeEntry));
static_assert(kOfTable.at + kOfTable.bytes == offsetof(wasm::TableType, limits));

template <class T>
void append(std::vector<u8>& out, std::span<T> items, Padding padding = {}) {
  const u8* from = reinterpret_cast<const u8*>(items.data());
  const usize begin = out.size();
  out.insert(out.end(), from, from + items.size_bytes());
  for (usize at = begin + padding.at; padding.bytes != 0 && at < out.size(); at += sizeof(T))
    std::memset(&out[at], 0, padding.bytes);
  out.resize((out.size() + 3) & ~usize{3});
}

u32 count(usize size) { return static_cast<u32>(size); }

}  // namespace

std::vector<u8> make_record(const wasm::ModuleImpl& module) {
  native::Record record{};
  record.types = count(module.types.size());
  record.funcs = count(module.funcs.size());
  record.tables = count(module.tables.size());
  record.elements = count(module.elements.size());
  record.data = count(module.data.size());
  record.globals = count(module.globals.size());
  record.declared_bytes = count(module.declared.size());
  record.imported_funcs = module.imported_funcs;
  record.imported_tables = module.imported_tables;
  record.imported_globals = module.imported_globals;
  record.constant_globals = module.constant_globals;
  record.import_count = module.import_count;
  record.imports_at = module.imports_at;
  record.exports_at = module.exports_at;
  record.globals_at = module.globals_at;
  record.export_count = module.export_count;
  record.names_at = module.names_at;
  record.names_size = module.names_size;
  record.start = module.start;
  record.memory_min = module.memory.min;
  record.memory_max = module.memory.max;
  record.has_memory = module.has_memory;
  record.imported_memory = module.imported_memory;
  record.has_data_count = module.has_data_count;
  record.uses_v128 = module.uses_v128;

  std::vector<wasm::FuncEntry> funcs(module.funcs.begin(), module.funcs.end());
  for (wasm::FuncEntry& func : funcs) func.side = 0, func.frame_slots = 0;  // of engines that read bodies
  std::vector<u8> out(sizeof record);
  std::memcpy(out.data(), &record, sizeof record);
  append(out, module.types, kOfType);
  append(out, std::span(funcs));
  append(out, module.tables, kOfTable);
  append(out, module.elements);
  append(out, module.data);
  append(out, module.globals);
  append(out, module.declared);
  return out;
}

}  // namespace pipit::aot
