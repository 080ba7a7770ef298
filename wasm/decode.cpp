// The sections of a module (Wasm 2.0 §5.5), each checked once.
#include <algorithm>
#include <cstring>

#include "base/endian.h"
#include "wasm/module_impl.h"

namespace pipit::wasm {

namespace {

constexpr u32 kMaxTypes = 16'384;
constexpr u32 kMaxTypeItems = 1'000;

enum SectionId : u8 {
  kCustom,
  kType,
  kImport,
  kFunction,
  kTable,
  kMemory,
  kGlobal,
  kExport,
  kStart,
  kElement,
  kCode,
  kData,
  kDataCount
};

/// Where each section stands in the order modules must keep; 0 for custom sections.
constexpr u8 kOrder[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10};

/// By parameters and results; 0 when they are the same.
int compare_types(const ModuleImpl& module, u32 a, u32 b) {
  const TypeEntry &left = module.types[a], &right = module.types[b];
  if (left.param_count != right.param_count) return left.param_count - right.param_count;
  if (left.result_count != right.result_count) return left.result_count - right.result_count;
  const u8* code = module.code.data();
  const int params = std::memcmp(code + left.params_at, code + right.params_at, left.param_count);
  return params != 0 ? params
                     : std::memcmp(code + left.results_at, code + right.results_at, left.result_count);
}
bool type_before(const ModuleImpl& module, u32 a, u32 b) {
  const int order = compare_types(module, a, b);
  return order != 0 ? order < 0 : a < b;
}

std::string_view export_name(const ModuleImpl& module, u32 offset) {
  const u8* at = module.code.data() + offset;
  const u32 size = trusted_u32(at);
  return {reinterpret_cast<const char*>(at), size};
}
bool export_before(const ModuleImpl& module, u32 a, u32 b) {
  const int order = export_name(module, a).compare(export_name(module, b));
  return order != 0 ? order < 0 : a < b;
}

/// A heapsort: no module can make it slow, and it takes no memory.
void sort(std::span<u32> items, const ModuleImpl& module, bool (*before)(const ModuleImpl&, u32, u32)) {
  usize count = items.size();
  for (usize from = count / 2; count > 1;) {
    if (from > 0)
      --from;  // still making the heap
    else
      std::swap(items[0], items[--count]);
    for (usize parent = from, child; (child = 2 * parent + 1) < count; parent = child) {
      if (child + 1 < count && before(module, items[child], items[child + 1])) ++child;
      if (!before(module, items[parent], items[child])) break;
      std::swap(items[parent], items[child]);
    }
  }
}

class Decoder {
 public:
  Decoder(ModuleImpl& module, Arena& arena, const Limits& limits)
      : module_(module), arena_(arena), limits_(limits), reader_(module.code) {}

  Status run();

 private:
  void survey();
  void section(u8 id, u32 size);
  void types();
  void imports();
  void functions();
  void tables();
  void memories();
  void globals();
  void exports();
  void start();
  void elements();
  void code();
  void data();
  void custom();
  void canonicalise();
  void check_duplicates(u32 count, u32 at);

  /// A vector's length; every item takes at least one byte, so more than the bytes left is malformed.
  u32 length() {
    const u32 at = reader_.offset();
    const u32 count = reader_.leb_u32();
    if (count > reader_.left()) reader_.fail_at(at, Rule::more_items_than_bytes);
    return reader_.ok() ? count : 0;
  }
  template <class T>
  void allot(std::span<T>& out, u32 count) {
    if (!make_zeroed(arena_, out, count)) reader_.fail(Rule::arena_too_small_for_module);
  }
  void check_memory(LimitsType memory, u32 at);
  void check_table(const TableType& table, u32 at) {
    if (table.limits.min > limits_.max_table_elements) reader_.fail_at(at, Rule::table_exceeds_platform);
  }

  ModuleImpl& module_;
  Arena& arena_;
  const Limits& limits_;
  Reader reader_;
  u32 defined_funcs_ = 0;
  u32 bodies_ = 0;
  u32 data_count_ = kNone;
};

Status Decoder::run() {
  if (module_.code.size() > limits_.max_module_bytes)
    return Error{Code::out_of_range, "module is larger than this platform allows", limits_.max_module_bytes};
  const Bytes magic = reader_.bytes(4), version = reader_.bytes(4);
  if (magic.empty() || load_le<u32>(magic.data()) != 0x6D736100)
    return Error{Code::malformed, "magic header not detected: not a WebAssembly module", 0};
  if (version.empty() || load_le<u32>(version.data()) != 1)
    return Error{Code::malformed, "unknown binary version", 4};
  survey();
  u8 last = 0;
  while (reader_.ok() && !reader_.at_end()) {
    const u32 at = reader_.offset();
    const u8 id = reader_.byte();
    const u32 size = reader_.leb_u32();
    if (!reader_.ok()) break;
    if (id > kDataCount) {
      reader_.fail_at(at, Rule::malformed_section_id);
      break;
    }
    if (id != kCustom) {
      if (kOrder[id] <= last) reader_.fail_at(at, Rule::section_out_of_order);
      last = kOrder[id];
    }
    section(id, size);
  }
  if (bodies_ != defined_funcs_) reader_.fail(Rule::function_and_code_inconsistent);
  if (data_count_ != kNone && data_count_ != module_.data.size()) reader_.fail(Rule::data_count_inconsistent);
  module_.uses_v128 = reader_.uses_v128();
  return reader_.status();
}

/// Counts what the index spaces hold, so that each becomes one array of the right size. A fault ends the
/// survey early: the real pass meets it again, before it could reach what was not counted.
void Decoder::survey() {
  Reader reader(module_.code, 8);
  u32 defined[kDataCount + 1] = {};
  u32 imported[4] = {};
  u8 last = 0;
  while (reader.ok() && !reader.at_end()) {
    const u8 id = reader.byte();
    if (id > kDataCount || (id != kCustom && kOrder[id] <= last)) break;
    if (id != kCustom) last = kOrder[id];
    const u8* outer = reader.narrow(reader.leb_u32());
    if (id == kImport || id == kFunction || id == kTable || id == kGlobal) {
      const u32 count = reader.leb_u32();
      if (count > reader.left()) break;
      defined[id] += count;
      for (u32 i = 0; id == kImport && i < count && reader.ok(); ++i) {
        const ImportEntry entry = read_import(reader);
        if (reader.ok()) ++imported[static_cast<u8>(entry.kind)];
      }
    }
    if (!reader.ok()) break;
    reader.bytes(static_cast<u32>(reader.left()));
    reader.restore(outer);
  }
  module_.imported_funcs = imported[0];
  module_.imported_tables = imported[1];
  module_.imported_globals = module_.constant_globals = imported[3];
  const u32 funcs = imported[0] + defined[kFunction];
  if (funcs > std::min(limits_.max_functions, kMaxFunctions)) return reader_.fail(Rule::too_many_functions);
  allot(module_.funcs, funcs);
  allot(module_.tables, imported[1] + defined[kTable]);
  allot(module_.globals, imported[3] + defined[kGlobal]);
  allot(module_.declared, (funcs + 7) / 8);
}

void Decoder::section(u8 id, u32 size) {
  const u8* outer = reader_.narrow(size);
  if (!reader_.ok()) return;
  switch (id) {
    case kCustom: custom(); break;
    case kType: types(); break;
    case kImport: imports(); break;
    case kFunction: functions(); break;
    case kTable: tables(); break;
    case kMemory: memories(); break;
    case kGlobal: globals(); break;
    case kExport: exports(); break;
    case kStart: start(); break;
    case kElement: elements(); break;
    case kCode: code(); break;
    case kData: data(); break;
    default: data_count_ = reader_.leb_u32(); module_.has_data_count = true;
  }
  if (!reader_.at_end()) reader_.fail(Rule::section_size_mismatch);
  reader_.restore(outer);
}

void Decoder::custom() {
  const std::string_view name = reader_.name();
  if (name == "name") {
    module_.names_at = reader_.offset();
    module_.names_size = static_cast<u32>(reader_.left());
  }
  reader_.bytes(static_cast<u32>(reader_.left()));
}

void Decoder::types() {
  const u32 count = length();
  if (count > kMaxTypes) reader_.fail(Rule::too_many_types);
  if (reader_.ok()) allot(module_.types, count);
  for (TypeEntry& type : module_.types) {
    const u32 at = reader_.offset();
    const u8 form = reader_.byte();
    if (form == 0x5E || form == 0x5F || form == 0x50 || form == 0x4E || form == 0x4F)
      reader_.fail_at(at, Rule::garbage_collection_not_supported);
    else if (form != 0x60)
      reader_.fail_at(at, Rule::malformed_function_type);
    u32* const offsets[] = {&type.params_at, &type.results_at};
    u16* const counts[] = {&type.param_count, &type.result_count};
    u16* const slots[] = {&type.param_slots, &type.result_slots};
    for (int part = 0; part < 2; ++part) {
      const u32 length_at = reader_.offset();
      const u32 items = length();
      if (items > kMaxTypeItems) reader_.fail_at(length_at, Rule::too_many_parameters_or_results);
      *offsets[part] = reader_.offset();
      *counts[part] = static_cast<u16>(items);
      for (u32 i = 0; i < items && reader_.ok(); ++i) read_value_type(reader_);
      *slots[part] =
          static_cast<u16>(count_slots(module_.code.subspan(*offsets[part], reader_.ok() ? items : 0)));
    }
    if (!reader_.ok()) break;
  }
  if (reader_.ok()) canonicalise();
}

void Decoder::canonicalise() {
  const usize mark = arena_.mark();
  std::span<u32> order;
  const u32 count = static_cast<u32>(module_.types.size());
  allot(order, count);
  for (u32 i = 0; i < order.size(); ++i) order[i] = i;
  sort(order, module_, type_before);
  for (u32 i = 0; i < order.size(); ++i) {
    TypeEntry& type = module_.types[order[i]];
    const bool same = i != 0 && compare_types(module_, order[i - 1], order[i]) == 0;
    type.canonical = same ? module_.types[order[i - 1]].canonical : static_cast<u16>(order[i]);
  }
  arena_.rewind(mark);
}

void Decoder::imports() {
  module_.import_count = length();
  module_.imports_at = reader_.offset();
  u32 func = 0, table = 0, global = 0;
  for (u32 i = 0; i < module_.import_count && reader_.ok(); ++i) {
    const u32 at = reader_.offset();
    const ImportEntry entry = read_import(reader_);
    if (!reader_.ok()) break;
    switch (entry.kind) {
      case ExternKind::func:
        if (entry.type >= module_.types.size()) reader_.fail_at(at, Rule::unknown_type);
        module_.funcs[func++].type = static_cast<u16>(entry.type);
        break;
      case ExternKind::table:
        check_table(entry.table, at);
        module_.tables[table++] = entry.table;
        break;
      case ExternKind::memory:
        if (module_.has_memory) reader_.fail_at(at, Rule::multiple_memories_not_supported);
        module_.has_memory = module_.imported_memory = true;
        module_.memory = entry.memory;
        check_memory(entry.memory, at);
        break;
      case ExternKind::global: module_.globals[global++] = entry.global; break;
    }
  }
}

void Decoder::functions() {
  defined_funcs_ = length();
  for (FuncEntry& func : module_.funcs.subspan(module_.imported_funcs, defined_funcs_)) {
    const u32 at = reader_.offset();
    const u32 type = reader_.leb_u32();
    if (type >= module_.types.size()) reader_.fail_at(at, Rule::unknown_type);
    func.type = static_cast<u16>(type);
    if (!reader_.ok()) break;
  }
}

void Decoder::tables() {
  for (TableType& table : module_.tables.subspan(module_.imported_tables, length())) {
    const u32 at = reader_.offset();
    const bool has_init = reader_.peek() == 0x40;
    if (has_init && (reader_.byte(), reader_.byte() != 0)) reader_.fail_at(at, Rule::malformed_table);
    table = read_table_type(reader_);
    check_table(table, at);
    if (has_init) {
      table.init_at = reader_.offset();
      check_constant(reader_, module_, table.type);
    } else if (table.type == kNonNullFuncRef) {
      reader_.fail_at(at, Rule::type_mismatch_no_initial_value);
    }
    if (!reader_.ok()) break;
  }
}

void Decoder::check_memory(LimitsType memory, u32 at) {
  if (memory.min > limits_.max_memory_pages) reader_.fail_at(at, Rule::memory_exceeds_platform);
}

void Decoder::memories() {
  const u32 at = reader_.offset();
  const u32 count = length();
  if (count + module_.has_memory > 1) reader_.fail_at(at, Rule::multiple_memories_not_supported);
  if (count == 1 && reader_.ok()) {
    module_.has_memory = true;
    module_.memory = read_memory_type(reader_);
    check_memory(module_.memory, at);
  }
}

void Decoder::globals() {
  const u32 count = length();
  module_.globals_at = reader_.offset();
  for (GlobalType& global : module_.globals.subspan(module_.imported_globals, count)) {
    global = read_global_type(reader_);
    check_constant(reader_, module_, global.type);
    if (!reader_.ok()) break;
    if (limits_.constants_read_own_globals) ++module_.constant_globals;
  }
}

void Decoder::exports() {
  const u32 count = length();
  module_.exports_at = reader_.offset();
  module_.export_count = count;
  for (u32 i = 0; i < count && reader_.ok(); ++i) {
    const u32 at = reader_.offset();
    const ExportEntry entry = read_export(reader_);
    if (!reader_.ok()) break;
    switch (entry.kind) {
      case ExternKind::func:
        if (entry.index >= module_.funcs.size())
          reader_.fail_at(at, Rule::unknown_function);
        else
          module_.declare(entry.index);
        break;
      case ExternKind::table:
        if (entry.index >= module_.tables.size()) reader_.fail_at(at, Rule::unknown_table);
        break;
      case ExternKind::memory:
        if (entry.index != 0 || !module_.has_memory) reader_.fail_at(at, Rule::unknown_memory);
        break;
      case ExternKind::global:
        if (entry.index >= module_.globals.size()) reader_.fail_at(at, Rule::unknown_global);
        break;
    }
  }
  if (reader_.ok()) check_duplicates(count, module_.exports_at);
}

/// Sorted by name, equal ones are neighbours.
void Decoder::check_duplicates(u32 count, u32 at) {
  const usize mark = arena_.mark();
  std::span<u32> order;  // offsets of exports
  allot(order, count);
  Reader reader(module_.code, at);
  for (u32& offset : order) {
    offset = reader.offset();
    read_export(reader);
  }
  sort(order, module_, export_before);
  u32 duplicate = kNone;
  for (usize i = 1; i < order.size(); ++i)
    if (export_name(module_, order[i - 1]) == export_name(module_, order[i]))
      duplicate = std::min(duplicate, order[i]);
  if (duplicate != kNone) reader_.fail_at(duplicate, Rule::duplicate_export_name);
  arena_.rewind(mark);
}

void Decoder::start() {
  const u32 at = reader_.offset();
  const u32 func = reader_.leb_u32();
  if (func >= module_.funcs.size()) return reader_.fail_at(at, Rule::unknown_function);
  const TypeEntry& type = module_.type_of(func);
  if (type.param_count != 0 || type.result_count != 0) return reader_.fail_at(at, Rule::start_function_type);
  module_.start = func;
}

void Decoder::elements() {
  const u32 count = length();
  allot(module_.elements, count);
  for (u32& offset : module_.elements) {
    offset = reader_.offset();
    const ElementSegment segment = read_element_segment(reader_);
    if (!reader_.ok()) break;
    if (segment.mode == SegmentMode::active) {
      if (segment.table >= module_.tables.size())
        reader_.fail_at(offset, Rule::unknown_table);
      else if (!ref_matches(segment.type, module_.tables[segment.table].type))
        reader_.fail_at(offset, Rule::type_mismatch_of_segment);
      Reader where(module_.code, segment.offset_at);
      check_constant(where, module_, 0x7F);
      reader_.fail_as(where);
    }
    for (u32 i = 0; i < segment.count && reader_.ok(); ++i) {
      if (segment.expressions) {
        check_constant(reader_, module_, segment.type);
        continue;
      }
      const u32 at = reader_.offset();
      const u32 func = reader_.leb_u32();
      if (func >= module_.funcs.size())
        reader_.fail_at(at, Rule::unknown_function);
      else
        module_.declare(func);
    }
    if (!reader_.ok()) break;
  }
}

void Decoder::code() {
  const u32 at = reader_.offset();
  bodies_ = length();
  if (bodies_ != defined_funcs_) reader_.fail_at(at, Rule::function_and_code_inconsistent);
  for (u32 i = 0; i < bodies_ && reader_.ok(); ++i) {
    const u32 body = reader_.offset();
    const u32 size = reader_.leb_u32();
    if (size > std::min(limits_.max_function_bytes, kMaxFunctionBytes))
      reader_.fail_at(body,
                      size > reader_.left() ? Rule::unexpected_end_of_function : Rule::function_too_large);
    reader_.bytes(size);
    if (reader_.ok()) module_.funcs[module_.imported_funcs + i].body = body;
  }
}

void Decoder::data() {
  const u32 at = reader_.offset();
  const u32 count = length();
  if (data_count_ != kNone && data_count_ != count) reader_.fail_at(at, Rule::data_count_inconsistent);
  if (reader_.ok()) allot(module_.data, count);
  for (u32& offset : module_.data) {
    offset = reader_.offset();
    const DataSegment segment = read_data_segment(reader_);
    if (!reader_.ok()) break;
    if (segment.mode == SegmentMode::active) {
      if (segment.memory != 0 || !module_.has_memory) reader_.fail_at(offset, Rule::unknown_memory);
      Reader where(module_.code, segment.offset_at);
      check_constant(where, module_, 0x7F);
      reader_.fail_as(where);
    }
  }
}

}  // namespace

Status decode_sections(ModuleImpl& module, Arena& arena, const Limits& limits) {
  Decoder decoder(module, arena, limits);
  return decoder.run();
}

}  // namespace pipit::wasm
