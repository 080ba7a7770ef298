// Memory, table and reference instructions (Wasm 2.0 §4.4.2, §4.4.6, §4.4.7).
#include <algorithm>

#include "wasm/interpreter.h"

namespace pipit::wasm {

namespace {

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

/// What a load or store does, for the handler of all those whose immediates take more than two bytes.
struct Access {
  u8 bytes : 4;
  u8 is_signed : 1;
  u8 is_store : 1;
};

template <class Stored, class Loaded>
constexpr Access kLoads{sizeof(Stored), Stored(-1) < Stored(0), 0};
template <class Stored>
constexpr Access kStores{sizeof(Stored), 0, 1};

/// Loads and stores by opcode from i32.load, the first: X(id, stored, loaded).
/// Floats travel as integers of their size: a load or store must not change a NaN.
#define LOADS(X)            \
  X(i32_load, u32, u32)     \
  X(i64_load, u64, u64)     \
  X(f32_load, u32, u32)     \
  X(f64_load, u64, u64)     \
  X(i32_load8_s, i8, i32)   \
  X(i32_load8_u, u8, u32)   \
  X(i32_load16_s, i16, i32) \
  X(i32_load16_u, u16, u32) \
  X(i64_load8_s, i8, i64)   \
  X(i64_load8_u, u8, u64)   \
  X(i64_load16_s, i16, i64) \
  X(i64_load16_u, u16, u64) \
  X(i64_load32_s, i32, i64) \
  X(i64_load32_u, u32, u64)
#define STORES(X)          \
  X(i32_store, u32, u32)   \
  X(i64_store, u64, u64)   \
  X(f32_store, u32, u32)   \
  X(f64_store, u64, u64)   \
  X(i32_store8, u8, u32)   \
  X(i32_store16, u16, u32) \
  X(i64_store8, u8, u64)   \
  X(i64_store16, u16, u64) \
  X(i64_store32, u32, u64)

constexpr Access kAccesses[] = {
#define X(id, Stored, Loaded) kLoads<Stored, Loaded>,
    LOADS(X)
#undef X
#define X(id, Stored, Loaded) kStores<Stored>,
        STORES(X)
#undef X
};

/// A load or store with a long offset. Kept apart from the handlers, so that these need no registers for it.
void access_with_long_offset(PIPIT_HANDLER_ARGS) {
  const u8* const instruction = pc - 1;
  const Access access = kAccesses[*instruction - static_cast<u8>(Op::i32_load)];
  trusted_u32(pc);
  const u32 offset = trusted_u32(pc);
  sp -= access.is_store;
  u8* at;
  if (!reach(m, sp[-1].u32_, offset, access.bytes, at))
    return stop_with_trap(m, instruction, TrapKind::out_of_bounds_memory_access);
  if (access.is_store) {
    std::memcpy(at, sp, access.bytes);
    PIPIT_NEXT(pc, sp - 1);
  }
  const u32 unused = 64 - access.bytes * 8;
  u64 value = 0;
  std::memcpy(&value, at, access.bytes);
  value <<= unused;
  sp[-1].u64_ = access.is_signed ? static_cast<u64>(static_cast<i64>(value) >> unused) : value >> unused;
  PIPIT_NEXT(pc, sp);
}

}  // namespace

// Alignment and offset mostly take a byte each.
#define ACCESS(id, Stored, base, effect, top)                                  \
  void op_##id(PIPIT_HANDLER_ARGS) {                                           \
    if (((pc[0] | pc[1]) & 0x80) != 0) [[unlikely]]                            \
      PIPIT_TAIL(access_with_long_offset);                                     \
    u8* at;                                                                    \
    if (!reach(m, (base).u32_, pc[1], sizeof(Stored), at)) [[unlikely]]        \
      return stop_with_trap(m, pc - 1, TrapKind::out_of_bounds_memory_access); \
    effect;                                                                    \
    PIPIT_NEXT(pc + 2, top);                                                   \
  }
#define LOAD(id, Stored, Loaded) \
  ACCESS(id, Stored, sp[-1], put<Loaded>(sp[-1], static_cast<Loaded>(load<Stored>(at))), sp)
#define STORE(id, Stored, Loaded) ACCESS(id, Stored, sp[-2], std::memcpy(at, &sp[-1], sizeof(Stored)), sp - 2)

LOADS(LOAD)
STORES(STORE)

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
#define FINISH_BULK(kind)                                                \
  do {                                                                   \
    const TrapKind fault = (kind);                                       \
    if (fault != TrapKind::none) return stop_with_trap(m, m->at, fault); \
    PIPIT_NEXT(pc, sp - 3);                                              \
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
  if (to > to_table.size || count > to_table.size - to || from > from_table.size ||
      count > from_table.size - from)
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
