#include "wasm/bulk.h"

#include <algorithm>
#include <cstring>

namespace pipit::wasm {

namespace {

constexpr bool inside(u32 at, u32 count, usize size) { return at <= size && count <= size - at; }

}  // namespace

TrapKind copy_memory(InstanceImpl& instance, u32 to, u32 from, u32 count) {
  MemoryInst& memory = *instance.memory;
  if (!inside(to, count, memory.bytes) || !inside(from, count, memory.bytes))
    return TrapKind::out_of_bounds_memory_access;
  if (count != 0) std::memmove(memory.base + to, memory.base + from, count);
  return TrapKind::none;
}

TrapKind fill_memory(InstanceImpl& instance, u32 to, u32 value, u32 count) {
  MemoryInst& memory = *instance.memory;
  if (!inside(to, count, memory.bytes)) return TrapKind::out_of_bounds_memory_access;
  if (count != 0) std::memset(memory.base + to, static_cast<int>(value & 0xFF), count);
  return TrapKind::none;
}

TrapKind copy_table(InstanceImpl& instance, u32 to_table, u32 from_table, u32 to, u32 from, u32 count) {
  TableInst& target = *instance.tables[to_table];
  const TableInst& source = *instance.tables[from_table];
  if (!inside(to, count, target.size) || !inside(from, count, source.size))
    return TrapKind::out_of_bounds_table_access;
  if (count != 0) std::memmove(target.elements + to, source.elements + from, count * sizeof(Ref));
  return TrapKind::none;
}

TrapKind fill_table(InstanceImpl& instance, u32 table_index, u32 to, Ref value, u32 count) {
  TableInst& table = *instance.tables[table_index];
  if (!inside(to, count, table.size)) return TrapKind::out_of_bounds_table_access;
  std::fill_n(table.elements + to, count, value);
  return TrapKind::none;
}

TrapKind find_indirect(const InstanceImpl& instance, u32 type_index, u32 table_index, u32 element,
                       InstanceImpl*& target, u32& func) {
  const TableInst& table = *instance.tables[table_index];
  if (element >= table.size) return TrapKind::undefined_element;
  const Ref ref = table.elements[element];
  if (ref == 0) return TrapKind::uninitialized_element;
  // References made here lead somewhere; those of a restored checkpoint's stack may not.
  if (instance.peers == &instance.self && ref_instance(ref) != 0) return TrapKind::uninitialized_element;
  target = instance.peers[ref_instance(ref)];
  func = ref_func(ref);
  const ModuleImpl& wanted = *instance.module;
  const ModuleImpl& module = *target->module;
  if (func >= module.funcs.size()) return TrapKind::uninitialized_element;
  const u32 type = module.funcs[func].type;
  const bool same = &module == &wanted
                        ? module.types[type].canonical == wanted.types[type_index].canonical
                        : std::ranges::equal(module.params(type), wanted.params(type_index)) &&
                              std::ranges::equal(module.results(type), wanted.results(type_index));
  return same ? TrapKind::none : TrapKind::indirect_call_type_mismatch;
}

}  // namespace pipit::wasm
