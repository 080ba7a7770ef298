// Pieces of the binary format that decoding, instantiation and linking all read (Wasm 2.0 §5.3-5.5).
#include <cstring>

#include "wasm/instruction.h"
#include "wasm/module_impl.h"
#include "wasm/side_table.h"
#include "wasm/simd.h"

// Where they are not linked the addresses are null. Read from memory, because not every code model reaches
// address 0.
// NOLINTBEGIN(readability-redundant-declaration): weak here, where they may be missing
extern "C" [[gnu::weak]] const pipit::wasm::SimdFeature pipit_wasm_simd_feature;
extern "C" [[gnu::weak]] const pipit::wasm::SideTable pipit_wasm_side_table;
// NOLINTEND(readability-redundant-declaration)

namespace pipit::wasm {

static const SimdFeature* const volatile kLinkedSimd = &pipit_wasm_simd_feature;

const SimdFeature* simd_feature() { return kLinkedSimd; }

static const SideTable* const volatile kLinkedSideTable = &pipit_wasm_side_table;

const SideTable* side_table() { return kLinkedSideTable; }

u32 count_slots(TypeList types) {
  u32 slots = 0;
  for (const u8 type : types) slots += slots_of(type);
  return slots;
}

void* allocate_zeroed(Arena& arena, usize count, usize bytes, usize align) {
  if (count > arena.capacity() / bytes) return nullptr;
  void* at = arena.allocate(count * bytes, align);
  if (at != nullptr) std::memset(at, 0, count * bytes);
  return at;
}

static void refuse_type(Reader& reader, u32 at, u8 type, Rule malformed) {
  if (type == 0x63 || type == 0x64)
    reader.fail_at(at, Rule::function_references_not_supported);
  else
    reader.fail_at(at, malformed);
}

u8 read_value_type(Reader& reader) {
  const u32 at = reader.offset();
  const u8 type = reader.byte();
  if (type == kV128) {
    reader.note_v128();
    if (simd_feature() == nullptr) reader.fail_at(at, Rule::v128_not_supported);
  } else if (!is_number(type) && !is_reference(type)) {
    refuse_type(reader, at, type, Rule::malformed_value_type);
  }
  return type;
}

u8 read_reference_type(Reader& reader) {
  const u32 at = reader.offset();
  const u8 type = reader.byte();
  if (!is_reference(type)) refuse_type(reader, at, type, Rule::malformed_reference_type);
  return type;
}

/// Of a table or element segment: also `(ref func)`.
static u8 read_element_type(Reader& reader) {
  if (reader.left() < 2 || reader.at()[0] != kNonNullFuncRef || reader.at()[1] != kFuncRef)
    return read_reference_type(reader);
  reader.bytes(2);
  return kNonNullFuncRef;
}

static LimitsType read_limits(Reader& reader, u32 bound, Rule too_large) {
  const u32 at = reader.offset();
  const u8 flags = reader.byte();
  if (flags == 3)
    reader.fail_at(at, Rule::shared_memory_not_supported);
  else if (flags >= 4 && flags <= 7)
    reader.fail_at(at, Rule::memory64_not_supported);
  else if (flags > 1)
    reader.fail_at(at, Rule::malformed_limits_flags);
  LimitsType limits;
  limits.min = reader.leb_u32();
  if (flags == 1) limits.max = reader.leb_u32();
  if (limits.min > bound || (flags == 1 && limits.max > bound)) reader.fail_at(at, too_large);
  if (limits.min > limits.max) reader.fail_at(at, Rule::minimum_greater_than_maximum);
  return limits;
}

TableType read_table_type(Reader& reader) {
  TableType table;
  table.type = read_element_type(reader);
  table.limits = read_limits(reader, kNone, Rule::table_size);
  return table;
}

LimitsType read_memory_type(Reader& reader) { return read_limits(reader, 65'536, Rule::memory_size); }

GlobalType read_global_type(Reader& reader) {
  GlobalType global{};
  global.type = read_value_type(reader);
  const u32 at = reader.offset();
  const u8 flag = reader.byte();
  if (flag > 1) reader.fail_at(at, Rule::malformed_mutability);
  global.is_mutable = flag == 1;
  return global;
}

static ExternKind read_kind(Reader& reader, Rule malformed) {
  const u32 at = reader.offset();
  const u8 kind = reader.byte();
  if (kind <= static_cast<u8>(ExternKind::global)) return static_cast<ExternKind>(kind);
  reader.fail_at(at, malformed);
  return ExternKind::func;
}

ImportEntry read_import(Reader& reader) {
  ImportEntry entry{};
  entry.module = reader.name();
  entry.name = reader.name();
  entry.kind = read_kind(reader, Rule::malformed_import_kind);
  switch (entry.kind) {
    case ExternKind::func: entry.type = reader.leb_u32(); break;
    case ExternKind::table: entry.table = read_table_type(reader); break;
    case ExternKind::memory: entry.memory = read_memory_type(reader); break;
    case ExternKind::global: entry.global = read_global_type(reader); break;
  }
  return entry;
}

ExportEntry read_export(Reader& reader) {
  ExportEntry entry{};
  entry.name = reader.name();
  entry.kind = read_kind(reader, Rule::malformed_export_kind);
  entry.index = reader.leb_u32();
  return entry;
}

ElementSegment read_element_segment(Reader& reader) {
  ElementSegment segment{};
  const u32 at = reader.offset();
  const u32 flags = reader.leb_u32();
  if (flags > 7) reader.fail_at(at, Rule::malformed_element_segment_kind);
  segment.mode = (flags & 1) == 0   ? SegmentMode::active
                 : (flags & 2) != 0 ? SegmentMode::declarative
                                    : SegmentMode::passive;
  segment.expressions = (flags & 4) != 0;
  if (segment.mode == SegmentMode::active) {
    if ((flags & 2) != 0) segment.table = reader.leb_u32();
    segment.offset_at = reader.offset();
    skip_constant(reader);
  }
  if ((flags & 3) != 0) {
    const u32 type_at = reader.offset();
    if (segment.expressions)
      segment.type = read_element_type(reader);
    else if (reader.byte() != 0)
      reader.fail_at(type_at, Rule::malformed_element_kind);
  }
  if (!segment.expressions) segment.type = kNonNullFuncRef;
  segment.count = reader.leb_u32();
  segment.items_at = reader.offset();
  return segment;
}

DataSegment read_data_segment(Reader& reader) {
  DataSegment segment{};
  const u32 at = reader.offset();
  const u32 flags = reader.leb_u32();
  if (flags > 2) reader.fail_at(at, Rule::malformed_data_segment_kind);
  segment.mode = flags == 1 ? SegmentMode::passive : SegmentMode::active;
  if (segment.mode == SegmentMode::active) {
    if (flags == 2) segment.memory = reader.leb_u32();
    segment.offset_at = reader.offset();
    skip_constant(reader);
  }
  segment.bytes = reader.bytes(reader.leb_u32());
  return segment;
}

/// The type of a constant instruction's result, kOfGlobal where that is a global's; 0 where it may not stand
/// in one.
constexpr u8 kOfGlobal = 0x40;
static u8 constant_type(const Instruction& in) {
  switch (static_cast<Op>(in.op)) {
    case Op::i32_const:
    case Op::i32_add:
    case Op::i32_sub:
    case Op::i32_mul: return 0x7F;
    case Op::i64_const:
    case Op::i64_add:
    case Op::i64_sub:
    case Op::i64_mul: return 0x7E;
    case Op::f32_const: return 0x7D;
    case Op::f64_const: return 0x7C;
    case Op::v128_const: return kV128;
    case Op::ref_func: return kNonNullFuncRef;
    case Op::ref_null: return static_cast<u8>(in.a);
    case Op::global_get: return kOfGlobal;
    default: return 0;
  }
}

bool next_constant(Reader& reader, Instruction& in, u8& type) {
  in = {};
  read_instruction(reader, in);
  if (!reader.ok() || in.op == static_cast<u16>(Op::end)) return false;
  type = constant_type(in);
  if (type == 0) reader.fail_at(in.at, Rule::constant_expression_required);
  return reader.ok();
}

/// The type of the global that a constant expression reads.
static u8 constant_global(Reader& reader, const ModuleImpl& module, const Instruction& in) {
  if (in.a >= module.constant_globals)
    reader.fail_at(in.at, Rule::global_not_imported);
  else if (module.globals[in.a].is_mutable)
    reader.fail_at(in.at, Rule::constant_global_required);
  return reader.ok() ? module.globals[in.a].type : 0;
}

void check_constant(Reader& reader, ModuleImpl& module, u8 expected) {
  const u32 start = reader.offset();
  u8 stack[kMaxConstantDepth];
  u32 depth = 0;
  Instruction in;
  u8 type = 0;
  while (next_constant(reader, in, type)) {
    if (op_info(in.op).signature >= 1 << 6 && op_info(in.op).signature != kContextual) {  // two operands
      if (depth < 2 || stack[depth - 1] != type || stack[depth - 2] != type)
        return reader.fail_at(in.at, Rule::constant_type_mismatch);
      --depth;
      continue;
    }
    if (type == kOfGlobal) type = constant_global(reader, module, in);
    if (in.op == static_cast<u16>(Op::ref_func)) {
      if (in.a >= module.funcs.size()) return reader.fail_at(in.at, Rule::unknown_function);
      module.declare(in.a);
    }
    if (depth == kMaxConstantDepth) return reader.fail_at(in.at, Rule::constant_expression_too_deep);
    stack[depth++] = type;
  }
  if (depth != 1 || !ref_matches(stack[0], expected)) reader.fail_at(start, Rule::constant_type_mismatch);
}

}  // namespace pipit::wasm
