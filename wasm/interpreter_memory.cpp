// Memory, table and reference instructions (Wasm 2.0 §4.4.2, §4.4.6, §4.4.7).
#include <algorithm>

#include "wasm/interpreter.h"

namespace pipit::wasm {

namespace {

/// The host address of `size` bytes at `base` + `offset`, or null when any lies outside.
template <usize size>
inline u8* reach(Machine* m, u32 base, u32 offset) {
  if constexpr (sizeof(usize) == 8) {
    const u64 address = u64{base} + offset;
    if (address + size > m->memory_bytes) [[unlikely]] return nullptr;
    return m->memory + address;
  } else {
    u32 address;
    if (__builtin_add_overflow(base, offset, &address) || address > m->memory_bytes ||
        m->memory_bytes - address < size) [[unlikely]]
      return nullptr;
    return m->memory + address;
  }
}

void refresh_memory(Machine* m) {
  m->memory = m->instance->memory->base;
  m->memory_bytes = m->instance->memory->bytes;
}

template <class T>
T load(const u8* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

#define LOAD(id, Stored, Loaded)                                                                             \
  void op_##id(PIPIT_HANDLER_ARGS) {                                                                         \
    const u8* next = pc;                                                                                     \
    trusted_u32(next);                                                                                       \
    const u32 offset = trusted_u32(next);                                                                    \
    const u8* at = reach<sizeof(Stored)>(m, sp[-1].u32_, offset);                                            \
    if (at == nullptr) [[unlikely]] return stop_with_trap(m, pc - 1, TrapKind::out_of_bounds_memory_access); \
    put<Loaded>(sp[-1], static_cast<Loaded>(load<Stored>(at)));                                              \
    PIPIT_NEXT(next, sp);                                                                                    \
  }

#define STORE(id, Stored)                                                                                    \
  void op_##id(PIPIT_HANDLER_ARGS) {                                                                         \
    const u8* next = pc;                                                                                     \
    trusted_u32(next);                                                                                       \
    const u32 offset = trusted_u32(next);                                                                    \
    u8* at = reach<sizeof(Stored)>(m, sp[-2].u32_, offset);                                                  \
    if (at == nullptr) [[unlikely]] return stop_with_trap(m, pc - 1, TrapKind::out_of_bounds_memory_access); \
    std::memcpy(at, &sp[-1], sizeof(Stored));                                                                \
    PIPIT_NEXT(next, sp - 2);                                                                                \
  }

// Floats travel as integers of their size: a load or store must not change a NaN.
LOAD(i32_load, u32, u32)
LOAD(i64_load, u64, u64)
LOAD(f32_load, u32, u32)
LOAD(f64_load, u64, u64)
LOAD(i32_load8_s, i8, i32)
LOAD(i32_load8_u, u8, u32)
LOAD(i32_load16_s, i16, i32)
LOAD(i32_load16_u, u16, u32)
LOAD(i64_load8_s, i8, i64)
LOAD(i64_load8_u, u8, u64)
LOAD(i64_load16_s, i16, i64)
LOAD(i64_load16_u, u16, u64)
LOAD(i64_load32_s, i32, i64)
LOAD(i64_load32_u, u32, u64)
STORE(i32_store, u32)
STORE(i64_store, u64)
STORE(f32_store, u32)
STORE(f64_store, u64)
STORE(i32_store8, u8)
STORE(i32_store16, u16)
STORE(i64_store8, u8)
STORE(i64_store16, u16)
STORE(i64_store32, u32)

void op_memory_size(PIPIT_HANDLER_ARGS) {
  sp->u32_ = m->instance->memory->pages;
  PIPIT_NEXT(pc + 1, sp + 1);
}

void op_memory_grow(PIPIT_HANDLER_ARGS) {
  sp[-1].u32_ = m->instance->memory->grow(sp[-1].u32_);
  refresh_memory(m);
  PIPIT_NEXT(pc + 1, sp);
}

// Behind the prefix: m->at is the instruction, set by the prefix's handler.

/// Ends a bulk instruction that took three operands.
#define FINISH_BULK(kind)                                          \
  do {                                                             \
    const TrapKind fault = (kind);                                 \
    if (fault != TrapKind::none) return stop_with_trap(m, m->at, fault); \
    PIPIT_NEXT(pc, sp - 3);                                        \
  } while (false)

void op_memory_init(PIPIT_HANDLER_ARGS) {
  const u32 segment = trusted_u32(pc);
  ++pc;
  FINISH_BULK(memory_init(*m->instance, segment, sp[-3].u32_, sp[-2].u32_, sp[-1].u32_));
}

void op_data_drop(PIPIT_HANDLER_ARGS) {
  m->instance->drop(m->instance->data_bit(trusted_u32(pc)));
  PIPIT_NEXT(pc, sp);
}

static TrapKind memory_copy(Machine* m, u32 to, u32 from, u32 count) {
  const usize bytes = m->memory_bytes;
  if (to > bytes || count > bytes - to || from > bytes || count > bytes - from)
    return TrapKind::out_of_bounds_memory_access;
  if (count != 0) std::memmove(m->memory + to, m->memory + from, count);
  return TrapKind::none;
}

void op_memory_copy(PIPIT_HANDLER_ARGS) {
  pc += 2;
  FINISH_BULK(memory_copy(m, sp[-3].u32_, sp[-2].u32_, sp[-1].u32_));
}

static TrapKind memory_fill(Machine* m, u32 to, u32 value, u32 count) {
  if (to > m->memory_bytes || count > m->memory_bytes - to) return TrapKind::out_of_bounds_memory_access;
  if (count != 0) std::memset(m->memory + to, static_cast<int>(value & 0xFF), count);
  return TrapKind::none;
}

void op_memory_fill(PIPIT_HANDLER_ARGS) {
  ++pc;
  FINISH_BULK(memory_fill(m, sp[-3].u32_, sp[-2].u32_, sp[-1].u32_));
}

void op_table_init(PIPIT_HANDLER_ARGS) {
  const u32 segment = trusted_u32(pc);
  const u32 table = trusted_u32(pc);
  FINISH_BULK(table_init(*m->instance, segment, table, sp[-3].u32_, sp[-2].u32_, sp[-1].u32_));
}

void op_elem_drop(PIPIT_HANDLER_ARGS) {
  m->instance->drop(trusted_u32(pc));
  PIPIT_NEXT(pc, sp);
}

static TrapKind table_copy(TableInst& to_table, const TableInst& from_table, u32 to, u32 from, u32 count) {
  if (to > to_table.size || count > to_table.size - to || from > from_table.size || count > from_table.size - from)
    return TrapKind::out_of_bounds_table_access;
  if (count != 0) std::memmove(to_table.elements + to, from_table.elements + from, count * sizeof(Ref));
  return TrapKind::none;
}

void op_table_copy(PIPIT_HANDLER_ARGS) {
  TableInst& to = *m->instance->tables[trusted_u32(pc)];
  const TableInst& from = *m->instance->tables[trusted_u32(pc)];
  FINISH_BULK(table_copy(to, from, sp[-3].u32_, sp[-2].u32_, sp[-1].u32_));
}

void op_table_grow(PIPIT_HANDLER_ARGS) {
  TableInst& table = *m->instance->tables[trusted_u32(pc)];
  sp[-2].u32_ = table.grow(sp[-1].u32_, sp[-2].u32_);
  PIPIT_NEXT(pc, sp - 1);
}

void op_table_size(PIPIT_HANDLER_ARGS) {
  sp->u32_ = m->instance->tables[trusted_u32(pc)]->size;
  PIPIT_NEXT(pc, sp + 1);
}

static TrapKind table_fill(TableInst& table, u32 to, Ref value, u32 count) {
  if (to > table.size || count > table.size - to) return TrapKind::out_of_bounds_table_access;
  std::fill_n(table.elements + to, count, value);
  return TrapKind::none;
}

void op_table_fill(PIPIT_HANDLER_ARGS) {
  TableInst& table = *m->instance->tables[trusted_u32(pc)];
  FINISH_BULK(table_fill(table, sp[-3].u32_, sp[-2].u32_, sp[-1].u32_));
}

void op_table_get(PIPIT_HANDLER_ARGS) {
  const u8* at = pc - 1;
  const TableInst& table = *m->instance->tables[trusted_u32(pc)];
  if (sp[-1].u32_ >= table.size) return stop_with_trap(m, at, TrapKind::out_of_bounds_table_access);
  sp[-1].u32_ = table.elements[sp[-1].u32_];
  PIPIT_NEXT(pc, sp);
}

void op_table_set(PIPIT_HANDLER_ARGS) {
  const u8* at = pc - 1;
  const TableInst& table = *m->instance->tables[trusted_u32(pc)];
  if (sp[-2].u32_ >= table.size) return stop_with_trap(m, at, TrapKind::out_of_bounds_table_access);
  table.elements[sp[-2].u32_] = sp[-1].u32_;
  PIPIT_NEXT(pc, sp - 2);
}

void op_ref_null(PIPIT_HANDLER_ARGS) {
  sp->bits = 0;
  PIPIT_NEXT(pc + 1, sp + 1);
}

void op_ref_is_null(PIPIT_HANDLER_ARGS) {
  sp[-1].u32_ = sp[-1].u32_ == 0;
  PIPIT_NEXT(pc, sp);
}

void op_ref_func(PIPIT_HANDLER_ARGS) {
  sp->u32_ = make_func_ref(m->instance->id, trusted_u32(pc));
  PIPIT_NEXT(pc, sp + 1);
}

}  // namespace pipit::wasm
