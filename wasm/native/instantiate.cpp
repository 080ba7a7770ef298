// Instantiation by what the compiler wrote down (InstanceRecord). instance.cpp has the general way, with the
// same outcome; here checks share an answer instead of being jumped over one by one, because branches are
// what costs an emulator.
#include <algorithm>
#include <cstring>
#include <new>

#include "wasm/native/context.h"

namespace pipit::wasm::native {

namespace {

Error malformed(const char* message, usize where) {
  return {Code::malformed, message, static_cast<u32>(where)};
}

/// A record's arrays.
struct Arrays {
  const u8* cells;
  const u32* links;
  const TableStart* tables;
  const Ref* refs;
  const DataStart* data;
  const u8* dropped;

  explicit Arrays(const InstanceRecord& record) {
    cells = reinterpret_cast<const u8*>(&record + 1);
    links = reinterpret_cast<const u32*>(cells + usize{record.cells} * sizeof(u64));
    tables = reinterpret_cast<const TableStart*>(links + record.links);
    refs = reinterpret_cast<const Ref*>(tables + record.tables);
    data = reinterpret_cast<const DataStart*>(refs + record.refs);
    dropped = reinterpret_cast<const u8*>(data + record.data);
  }
};

/// Whether everything the record says leads somewhere in this module and its first memory.
bool holds_together(const InstanceRecord& record, const Arrays& arrays, const ModuleImpl& module,
                    std::span<const HostTable> host, u32 global_slots) {
  bool good = true;
  const auto require = [&good](bool holds) { good &= holds; };
  const usize funcs = module.funcs.size();
  require(record.entry == kNone || record.entry < funcs);
  require(record.links == module.imported_funcs && record.links == module.import_count);
  require(module.imported_tables == 0 && module.imported_globals == 0 && !module.imported_memory);
  require(record.cells == global_slots);
  require(record.tables == module.tables.size());
  require(record.dropped_bytes == (module.elements.size() + module.data.size() + 7) / 8);
  if (!good) return false;
  for (const u32 link : std::span(arrays.links, record.links)) {
    if ((link >> 16) >= host.size()) return false;
    require((link & 0xFFFF) < host[link >> 16].functions.size());
  }
  u64 refs = 0;
  for (u32 i = 0; i < record.tables; ++i) {
    const TableStart& table = arrays.tables[i];
    refs += table.count;
    require(u64{table.first} + table.count <= module.tables[i].limits.min);
  }
  require(refs == record.refs);
  for (const Ref ref : std::span(arrays.refs, record.refs)) require(ref <= funcs);
  const u64 memory = module.has_memory ? u64{module.memory.min} * kPageBytes : 0;
  for (const DataStart& data : std::span(arrays.data, record.data)) {
    require(u64{data.to} + data.bytes <= memory);
    require(u64{data.from} + data.bytes <= module.code.size());
  }
  return good;
}

/// Everything of an instance but its linear memory, in one piece of the arena.
struct Layout {
  usize bytes = 0;
  usize context, instance, run, results, links, globals, tables, table, dropped, elements, stack;

  Layout(const ModuleImpl& module, const Header& header, const InstanceConfig& config) {
    context = place(cells_offset(sizeof(void*)) + usize{header.global_slots} * sizeof(Value));
    instance = place(sizeof(InstanceImpl));
    run = place(sizeof(NativeRun));
    results = place(usize{header.result_slots} * sizeof(Value));
    links = place(usize{module.imported_funcs} * sizeof(ImportLink));
    globals = place(module.globals.size() * sizeof(Value*));
    tables = place(module.tables.size() * sizeof(TableInst*));
    table = place(module.tables.size() * sizeof(TableInst));
    dropped = place((module.elements.size() + module.data.size() + 7) / 8);
    elements = bytes;
    for (const TableType& type : module.tables) bytes += usize{capacity(type, config)} * sizeof(Ref);
    stack = place(0) + (bytes & 8);
    bytes = stack + config.stack_bytes / sizeof(Value) * sizeof(Value);
  }
  static u32 capacity(const TableType& type, const InstanceConfig& config) {
    return type.limits.min + std::min(type.limits.max - type.limits.min, config.table_headroom);
  }

 private:
  usize place(usize size) {
    const usize at = (bytes + 15) & ~usize{15};
    bytes = at + size;
    return at;
  }
};

/// Whether create() is not needed: the module's memory grows in address space of its own, as large as it may
/// be.
bool can_record(const ModuleImpl& module, const Header& header, const InstanceConfig& config) {
  bool can = header.memory_limit == 0;
  can &= config.linker == nullptr && config.memory_space != nullptr && config.memory_bytes == 0;
  can &= !module.has_memory || module.memory.min <= config.max_memory_pages;
  return can;
}

class Copying {
 public:
  Copying(u8* place, const Layout& layout, const Arrays& arrays, const ModuleImpl& module)
      : place_(place), layout_(layout), arrays_(arrays), module_(module) {}

  InstanceImpl& instance(const ValidModule& valid, const NativeCode& code);
  void links(InstanceImpl& instance, std::span<const HostTable> host);
  bool globals(InstanceImpl& instance, u32 slots);
  void tables(InstanceImpl& instance, const InstanceConfig& config);
  bool memory(InstanceImpl& instance, const InstanceConfig& config, Arena& arena);

 private:
  template <class T>
  T* at(usize offset) {
    return reinterpret_cast<T*>(place_ + offset);
  }

  u8* const place_;
  const Layout& layout_;
  const Arrays& arrays_;
  const ModuleImpl& module_;
};

/// As attach() of the engine leaves it.
InstanceImpl& Copying::instance(const ValidModule& valid, const NativeCode& code) {
  auto& instance = *new (at<u8>(layout_.instance)) InstanceImpl(valid);
  auto& run = *new (at<u8>(layout_.run)) NativeRun;
  auto& context = *new (at<u8>(layout_.context)) Context{};
  instance.links = at<ImportLink>(layout_.links);
  instance.globals = at<Value*>(layout_.globals);
  instance.tables = at<TableInst*>(layout_.tables);
  instance.dropped = at<u8>(layout_.dropped);
  instance.engine = &kNativeEngine;
  instance.run = &run;
  instance.stack_bytes = static_cast<u32>(layout_.bytes - layout_.stack);
  context.helpers = helper_table();
  context.instance = &instance;
  context.results = run.own_results = at<Value>(layout_.results);
  run.stack = at<Value>(layout_.stack);
  run.least_gap = instance.stack_bytes;
  run.context = &context;
  run.module = &code.module;
  run.faults = code.faults;
  run.instance = &instance;
  return instance;
}

void Copying::links(InstanceImpl& instance, std::span<const HostTable> host) {
  for (u32 i = 0; i < module_.imported_funcs; ++i) {
    const HostTable& table = host[arrays_.links[i] >> 16];
    instance.links[i] = {table.functions[arrays_.links[i] & 0xFFFF].call, table.context, 0};
  }
}

/// False when one of them refers to a function that is not there.
bool Copying::globals(InstanceImpl& instance, u32 slots) {
  Value* cell = at<Value>(layout_.context + cells_offset(sizeof(void*)));
  std::memcpy(cell, arrays_.cells, usize{slots} * sizeof *cell);
  bool good = true;
  for (usize i = 0; i < module_.globals.size(); ++i) {
    const u8 type = module_.globals[i].type;
    good &= cell->u64_ <= (is_reference(type) ? module_.funcs.size() : ~u64{0});
    instance.globals[i] = cell;
    cell += slots_of(type);
  }
  return good;
}

void Copying::tables(InstanceImpl& instance, const InstanceConfig& config) {
  auto* table = at<TableInst>(layout_.table);
  auto* elements = at<Ref>(layout_.elements);
  const Ref* refs = arrays_.refs;
  for (usize i = 0; i < module_.tables.size(); ++i, ++table) {
    const TableType& type = module_.tables[i];
    const TableStart start = arrays_.tables[i];
    *table = {elements, type.limits.min, Layout::capacity(type, config), type};
    std::memcpy(elements + start.first, refs, usize{start.count} * sizeof(Ref));
    instance.tables[i] = table;
    elements += table->capacity;
    refs += start.count;
  }
}

bool Copying::memory(InstanceImpl& instance, const InstanceConfig& config, Arena& arena) {
  MemoryInst& memory = instance.own_memory;
  memory.space = config.memory_space;
  if (!module_.has_memory) return true;
  memory.declared = module_.memory;
  memory.pages = module_.memory.min;
  memory.max_pages = std::min({module_.memory.max, config.max_memory_pages, 65'536u});
  memory.zeroed = config.zeroed_arena;
  memory.arena = &arena;
  memory.bytes = memory.capacity = usize{memory.pages} * kPageBytes;
  memory.base = memory.space->reserve(memory.space->context);
  return memory.base != nullptr && memory.space->commit(memory.space->context, memory.base, 0, memory.bytes);
}

}  // namespace

Result<const InstanceRecord*> NativeModule::instance_record() const {
  if ((header_->flags & kInstance) == 0) return nullptr;
  const u64 at = (u64{header_->record_at} + header_->record_bytes + 3) & ~u64{3};
  const auto* record = reinterpret_cast<const InstanceRecord*>(file_.data() + at);
  u64 end = at + sizeof *record;
  if (end <= header_->image_at)
    end += u64{record->cells} * sizeof(u64) + u64{record->links} * sizeof(u32) +
           u64{record->tables} * sizeof(TableStart) + u64{record->refs} * sizeof(Ref) +
           u64{record->data} * sizeof(DataStart) + record->dropped_bytes;
  if (end > header_->image_at) return malformed("instance record outside the file", static_cast<usize>(at));
  return record;
}

Result<Recorded> create_recorded(const ValidModule& valid, const HostOffer& host,
                                 const InstanceConfig& config, Arena& arena) {
  const NativeCode& code = *static_cast<const NativeCode*>(config.code);
  const Header& header = code.module.header();
  const ModuleImpl& module = valid.impl();
  const InstanceRecord* const record = TRY(code.module.instance_record());
  if (record == nullptr || (u64{record->host[1]} << 32 | record->host[0]) != host.id ||
      !can_record(module, header, config))
    return Recorded{};
  const Arrays arrays(*record);
  const Error damaged = malformed("damaged instance record", header.record_at + header.record_bytes);
  if (!holds_together(*record, arrays, module, host.tables, header.global_slots)) return damaged;
  const usize mark = arena.mark();
  const Layout layout(module, header, config);
  u8* const place = static_cast<u8*>(arena.allocate(layout.bytes, 16));
  if (place == nullptr) return Recorded{};
  if (!config.zeroed_arena) std::memset(place, 0, layout.stack);
  Copying copying(place, layout, arrays, module);
  InstanceImpl& instance = copying.instance(valid, code);
  copying.links(instance, host.tables);
  copying.tables(instance, config);
  std::memcpy(instance.dropped, arrays.dropped, record->dropped_bytes);
  if (!copying.globals(instance, record->cells)) {
    arena.rewind(mark);
    return damaged;
  }
  if (!copying.memory(instance, config, arena)) {
    arena.rewind(mark);
    return Recorded{};
  }
  for (const DataStart& data : std::span(arrays.data, record->data))
    std::memcpy(instance.own_memory.base + data.to, module.code.data() + data.from, data.bytes);
  publish_code({code.module.image(), header.code_bytes});
  return Recorded{&instance.handle, record->entry};
}

}  // namespace pipit::wasm::native
