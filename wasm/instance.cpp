// Instantiation (Wasm 2.0 §4.5.4).
#include "wasm/instance.h"

#include <algorithm>
#include <cstring>

#include "wasm/engine.h"
#include "wasm/linker.h"
#include "wasm/opcode.h"

namespace pipit::wasm {

namespace {

class Instantiation {
 public:
  Instantiation(InstanceImpl& instance, std::span<const HostTable> host, const InstanceConfig& config,
                Arena& arena)
      : instance_(instance), module_(*instance.module), host_(host), config_(config), arena_(arena) {}

  Status run() {
    TRY(allot_all());
    TRY(imports());
    if (config_.linker != nullptr) TRY(config_.linker->add(instance_));
    TRY(globals());
    tables();
    TRY(memory());
    return segments();
  }

 private:
  Status allot_all();
  usize global_slots() const {
    usize slots = 0;
    for (const GlobalType& global : module_.globals.subspan(module_.imported_globals))
      slots += slots_of(global.type);
    return slots;
  }
  template <class T>
  bool allot(T*& out, usize count) {
    std::span<T> items;
    const bool fits = make_zeroed(arena_, items, count);
    out = items.data();
    return fits;
  }
  Error no_room() const {
    return {Code::out_of_memory, "arena too small for the instance", static_cast<u32>(arena_.wanted())};
  }
  Status imports();
  Status import_function(const ImportEntry& entry, u32 number);
  Status import_other(const ImportEntry& entry, u32 number);
  Status import_extern(const ImportEntry& entry, const Extern& found, u32 number);
  void tables();
  Status globals();
  Status plan_memory();
  Status memory();
  Status segments();

  InstanceImpl& instance_;
  const ModuleImpl& module_;
  std::span<const HostTable> host_;
  const InstanceConfig& config_;
  Arena& arena_;
  u32 funcs_ = 0, tables_ = 0, globals_ = 0;
};

u32 constant_u32(const InstanceImpl& instance, u32 offset) {
  Value value;
  evaluate_constant(instance, offset, &value);
  return value.u32_;
}

constexpr Error incompatible(u32 number) {
  return {Code::invalid_argument, "incompatible import type", number};
}

Status Instantiation::allot_all() {
  std::span<Value> cells;
  if (!allot(instance_.links, module_.imported_funcs) || !allot(instance_.globals, module_.globals.size()) ||
      !allot(instance_.tables, module_.tables.size()) ||
      !allot(instance_.dropped, (module_.elements.size() + module_.data.size() + 7) / 8) ||
      !make_zeroed(arena_, cells, global_slots()))
    return no_room();
  Value* cell = cells.data();
  for (usize i = module_.imported_globals; i < module_.globals.size(); ++i) {
    instance_.globals[i] = cell;
    cell += slots_of(module_.globals[i].type);
  }
  for (usize i = module_.imported_tables; i < module_.tables.size(); ++i) {
    TableInst* table = TRY(arena_.make<TableInst>());
    table->type = module_.tables[i];
    table->size = table->type.limits.min;
    table->capacity = table->size + std::min(table->type.limits.max - table->size, config_.table_headroom);
    if (!allot(table->elements, table->capacity)) return no_room();
    instance_.tables[i] = table;
  }
  const usize slots = config_.stack_bytes / sizeof(Value);
  instance_.stack_bytes = static_cast<u32>(slots * sizeof(Value));
  instance_.engine = config_.engine;
  TRY(plan_memory());
  Run& run = *(instance_.run = TRY(config_.engine->attach(instance_, config_.code, arena_)));
  run.least_gap = instance_.stack_bytes;
  run.stack = static_cast<Value*>(arena_.allocate(instance_.stack_bytes, 2 * sizeof(Value)));
  return run.stack == nullptr ? Status(no_room()) : Status{};
}

Status Instantiation::imports() {
  Reader reader(module_.code, module_.imports_at);
  for (u32 i = 0; i < module_.import_count; ++i) {
    const ImportEntry entry = read_import(reader);
    if (entry.kind == ExternKind::func)
      TRY(import_function(entry, i));
    else
      TRY(import_other(entry, i));
  }
  return {};
}

/// Whether "iI:f" says the same as parameters and results.
bool signature_matches(const char* text, TypeList params, TypeList results) {
  constexpr auto letter = [](u8 type) {
    constexpr char kLetters[] = {'V', 'F', 'f', 'I', 'i'};  // from 0x7B
    return type >= kV128 && type <= 0x7F ? kLetters[type - kV128] : '?';
  };
  for (const u8 type : params)
    if (*text++ != letter(type)) return false;
  if (*text++ != ':') return false;
  for (const u8 type : results)
    if (*text++ != letter(type)) return false;
  return *text == 0;
}

Status Instantiation::import_function(const ImportEntry& entry, u32 number) {
  for (const HostTable& table : host_) {
    for (const HostFunction& function : table.functions) {
      if (entry.name != function.name || entry.module != function.module) continue;
      if (!signature_matches(function.signature, module_.params(entry.type), module_.results(entry.type)))
        return incompatible(number);
      instance_.links[funcs_++] = {function.call, table.context, 0};
      return {};
    }
  }
  return import_other(entry, number);
}

Status Instantiation::import_other(const ImportEntry& entry, u32 number) {
  const Error unknown{Code::not_found, "unknown import", number};
  if (config_.linker == nullptr) return unknown;
  auto found = config_.linker->find(entry.module, entry.name);
  if (!found.ok()) return unknown;
  if (found->kind != entry.kind) return incompatible(number);
  return import_extern(entry, *found, number);
}

/// Limits match when what is there is at least as large and bound at least as tightly (§4.5.2).
bool limits_match(u32 size, u32 max, LimitsType wanted) {
  return size >= wanted.min && (wanted.max == kNone || (max != kNone && max <= wanted.max));
}

Status Instantiation::import_extern(const ImportEntry& entry, const Extern& found, u32 number) {
  InstanceImpl& other = *found.instance;
  switch (entry.kind) {
    case ExternKind::func:
      if (!std::ranges::equal(function_params(other, found.index), module_.params(entry.type)) ||
          !std::ranges::equal(function_results(other, found.index), module_.results(entry.type)))
        return incompatible(number);
      instance_.links[funcs_++] = {nullptr, &other, found.index};
      break;
    case ExternKind::table: {
      TableInst* table = other.tables[found.index];
      if (table->type.type != entry.table.type ||
          !limits_match(table->size, table->type.limits.max, entry.table.limits))
        return incompatible(number);
      instance_.tables[tables_++] = table;
      break;
    }
    case ExternKind::memory:
      if (!limits_match(other.memory->pages, other.memory->declared.max, entry.memory))
        return incompatible(number);
      instance_.memory = other.memory;
      break;
    case ExternKind::global: {
      const GlobalType type = other.module->globals[found.index];
      if (type.type != entry.global.type || type.is_mutable != entry.global.is_mutable)
        return incompatible(number);
      instance_.globals[globals_++] = other.globals[found.index];
      break;
    }
  }
  return {};
}

void Instantiation::tables() {
  for (usize i = module_.imported_tables; i < module_.tables.size(); ++i) {
    TableInst& table = *instance_.tables[i];
    if (table.type.init_at != 0)
      std::fill_n(table.elements, table.size, constant_u32(instance_, table.type.init_at));
  }
}

Status Instantiation::globals() {
  Reader reader(module_.code, module_.globals_at);
  for (usize i = module_.imported_globals; i < module_.globals.size(); ++i) {
    read_global_type(reader);
    evaluate_constant(instance_, reader.offset(), instance_.globals[i]);
    skip_constant(reader);
  }
  return {};
}

/// How large the module's own memory is and may become. The engine is attached knowing it.
Status Instantiation::plan_memory() {
  MemoryInst& memory = instance_.own_memory;
  memory.space = config_.memory_space;
  if (!module_.has_memory || module_.imported_memory) return {};
  if (module_.memory.min > config_.max_memory_pages)
    return Error{Code::out_of_memory, "module wants more memory than it may have", module_.memory.min};
  memory.declared = module_.memory;
  memory.pages = module_.memory.min;
  memory.max_pages = std::min({module_.memory.max, config_.max_memory_pages, 65'536u});
  memory.zeroed = config_.zeroed_arena;
  u64 bytes = u64{memory.pages} * kPageBytes;
  if (config_.memory_bytes == 0) {
    memory.arena = &arena_;
  } else {
    if (config_.memory_bytes < bytes + kPageBytes) memory.max_pages = memory.pages;  // no page more fits
    bytes = std::min<u64>(config_.memory_bytes, bytes);
  }
  if (bytes > ~usize{0})
    return Error{Code::out_of_memory, "module wants more memory than there are addresses", memory.pages};
  memory.bytes = static_cast<usize>(bytes);
  return {};
}

Status Instantiation::memory() {
  if (!module_.has_memory || module_.imported_memory) return {};
  MemoryInst& memory = instance_.own_memory;
  const u64 capacity = config_.memory_bytes == 0
                           ? memory.bytes
                           : std::min<u64>(config_.memory_bytes, u64{memory.max_pages} * kPageBytes);
  if (!memory.extend(arena_, capacity))
    return Error{Code::out_of_memory, "arena too small for the module's memory",
                 static_cast<u32>(arena_.wanted())};
  return {};
}

Status Instantiation::segments() {
  for (u32 i = 0; i < module_.elements.size(); ++i) {
    Reader reader(module_.code, module_.elements[i]);
    const ElementSegment segment = read_element_segment(reader);
    if (segment.mode == SegmentMode::passive) continue;
    if (segment.mode == SegmentMode::active) {
      const u32 to = constant_u32(instance_, segment.offset_at);
      if (table_init(instance_, i, segment.table, to, 0, segment.count) != TrapKind::none)
        return Error{Code::out_of_range, "out of bounds table access by an element segment",
                     module_.elements[i]};
    }
    instance_.drop(i);
  }
  for (u32 i = 0; i < module_.data.size(); ++i) {
    Reader reader(module_.code, module_.data[i]);
    const DataSegment segment = read_data_segment(reader);
    if (segment.mode != SegmentMode::active) continue;
    const u32 to = constant_u32(instance_, segment.offset_at);
    if (memory_init(instance_, i, to, 0, static_cast<u32>(segment.bytes.size())) != TrapKind::none)
      return Error{Code::out_of_range, "out of bounds memory access by a data segment", module_.data[i]};
    instance_.drop(instance_.data_bit(i));
  }
  return {};
}

}  // namespace

void evaluate_constant(const InstanceImpl& instance, u32 offset, Value* out) {
  const u8* at = instance.module->code.data() + offset;
  Value stack[kMaxConstantDepth + 1];  // a v128 takes two slots, and stands alone
  Value* sp = stack;
  // NOLINTBEGIN(clang-analyzer-security.ArrayBound): the validator has followed the depth and the type
  for (;;) {
    const u8 op = *at++;
    switch (static_cast<Op>(op)) {
      case Op::i32_const:
      case Op::i64_const: (sp++)->i64_ = trusted_s64(at); break;
      case Op::f32_const:
      case Op::f64_const: {
        const u32 size = op == static_cast<u8>(Op::f32_const) ? 4 : 8;
        std::memcpy(sp++, at, size);
        at += size;
        break;
      }
      case Op::ref_func: (sp++)->u64_ = make_func_ref(instance.id, trusted_u32(at)); break;
      case Op::ref_null: (sp++)->u64_ = 0, ++at; break;
      case Op::global_get: {
        const u32 index = trusted_u32(at);
        const Value* from = instance.globals[index];
        *sp++ = *from;
        if (instance.module->globals[index].type == kV128) *sp++ = from[1];
        break;
      }
      case Op::end:
        for (const Value* from = stack; from != sp;) *out++ = *from++;
        return;
      default:
        if (op == kPrefixSimd) {  // v128.const
          trusted_u32(at);
          std::memcpy(sp, at, 16);
          at += 16, sp += 2;
          break;
        }
        // i32 arithmetic is i64's on the lower half, and its codes are in the same order.
        --sp;
        const u64 a = sp[-1].u64_, b = sp->u64_;
        const u32 kind = (op - static_cast<u32>(Op::i32_add)) % 0x12;
        sp[-1].u64_ = kind == 0 ? a + b : kind == 1 ? a - b : a * b;
    }
  }
  // NOLINTEND(clang-analyzer-security.ArrayBound)
}

TrapKind table_init(InstanceImpl& instance, u32 segment_index, u32 table_index, u32 to, u32 from, u32 count) {
  TableInst& table = *instance.tables[table_index];
  Reader reader(instance.module->code, instance.module->elements[segment_index]);
  const ElementSegment segment = read_element_segment(reader);
  const u32 available = instance.is_dropped(segment_index) ? 0 : segment.count;
  if (from > available || count > available - from || to > table.size || count > table.size - to)
    return TrapKind::out_of_bounds_table_access;
  for (u32 i = 0; i < from + count; ++i) {
    Ref ref = 0;
    if (segment.expressions) {
      ref = constant_u32(instance, reader.offset());
      skip_constant(reader);
    } else {
      ref = make_func_ref(instance.id, reader.leb_u32());
    }
    if (i >= from) table.elements[to + (i - from)] = ref;
  }
  return TrapKind::none;
}

TrapKind memory_init(InstanceImpl& instance, u32 segment_index, u32 to, u32 from, u32 count) {
  MemoryInst& memory = *instance.memory;
  Reader reader(instance.module->code, instance.module->data[segment_index]);
  const Bytes bytes = read_data_segment(reader).bytes;
  const usize available = instance.is_dropped(instance.data_bit(segment_index)) ? 0 : bytes.size();
  if (from > available || count > available - from || to > memory.bytes || count > memory.bytes - to)
    return TrapKind::out_of_bounds_memory_access;
  if (count != 0) std::memcpy(memory.base + to, bytes.data() + from, count);
  return TrapKind::none;
}

bool MemoryInst::extend(Arena& from, u64 size) {
  if (size > ~usize{0}) return false;
  if (space != nullptr) {
    if (base == nullptr) base = space->reserve(space->context);
    if (base == nullptr || !space->commit(space->context, base, capacity, static_cast<usize>(size)))
      return false;
    capacity = static_cast<usize>(size);
    return true;
  }
  const usize mark = from.mark();
  const usize more = static_cast<usize>(size) - capacity;
  u8* at = static_cast<u8*>(from.allocate(more, base == nullptr ? 16 : 1));
  if (at == nullptr || (base != nullptr && at != base + capacity)) {
    from.rewind(mark);
    return false;
  }
  if (!zeroed && more != 0) std::memset(at, 0, more);
  if (base == nullptr) base = at;
  capacity = static_cast<usize>(size);
  return true;
}

u32 MemoryInst::grow(u32 delta) {
  const u32 old = pages;
  if (delta == 0) return old;
  if (delta > max_pages || old > max_pages - delta) return ~u32{0};
  const u64 size = u64{old + delta} * kPageBytes;
  if (size > capacity && (arena == nullptr || !extend(*arena, size))) return ~u32{0};
  pages += delta;
  bytes = static_cast<usize>(size);
  return old;
}

u32 TableInst::grow(u32 count, Ref value) {
  const u32 old = size;
  if (count > capacity - size) return ~u32{0};
  std::fill_n(elements + size, count, value);
  size += count;
  return old;
}

Callee resolve_function(InstanceImpl* instance, u32 index) {
  while (index < instance->module->imported_funcs) {
    const ImportLink& link = instance->links[index];
    if (link.call != nullptr) return {instance, index, &link};
    instance = static_cast<InstanceImpl*>(link.context);
    index = link.index;
  }
  return {instance, index, nullptr};
}

Result<Instance*> Instance::create(const ValidModule& module, std::span<const HostTable> host,
                                   const InstanceConfig& config, Arena& arena) {
  const usize mark = arena.mark();
  InstanceImpl* impl = TRY(arena.make<InstanceImpl>(module));
  const Status status = Instantiation(*impl, host, config, arena).run();
  if (status.ok()) return &impl->handle;
  if (config.linker == nullptr) arena.rewind(mark);
  return status.error();
}

}  // namespace pipit::wasm
