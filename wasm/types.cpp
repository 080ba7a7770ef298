// Pieces of the binary format that decoding, instantiation and linking all read (Wasm 2.0 §5.3-5.5).
#include <cstring>

#include "wasm/module_impl.h"
#include "wasm/opcode.h"

namespace pipit::wasm {

void* allocate_zeroed(Arena& arena, usize count, usize bytes, usize align) {
  if (count > arena.capacity() / bytes) return nullptr;
  void* at = arena.allocate(count * bytes, align);
  if (at != nullptr) std::memset(at, 0, count * bytes);
  return at;
}

u8 read_value_type(Reader& reader) {
  const u32 at = reader.offset();
  const u8 type = reader.byte();
  if (type == 0x7B)
    reader.fail_at(at, "SIMD (v128) is not supported", Code::unsupported);
  else if (!is_number(type) && !is_reference(type))
    reader.fail_at(at, "malformed value type");
  return type;
}

u8 read_reference_type(Reader& reader) {
  const u32 at = reader.offset();
  const u8 type = reader.byte();
  if (!is_reference(type)) reader.fail_at(at, "malformed reference type");
  return type;
}

static LimitsType read_limits(Reader& reader, u32 bound, const char* too_large) {
  const u32 at = reader.offset();
  const u8 flags = reader.byte();
  if (flags == 3)
    reader.fail_at(at, "shared memory is not supported", Code::unsupported);
  else if (flags >= 4 && flags <= 7)
    reader.fail_at(at, "64-bit memory is not supported", Code::unsupported);
  else if (flags > 1)
    reader.fail_at(at, "malformed limits flags");
  LimitsType limits;
  limits.min = reader.leb_u32();
  if (flags == 1) limits.max = reader.leb_u32();
  if (limits.min > bound || (flags == 1 && limits.max > bound)) reader.fail_at(at, too_large);
  if (limits.min > limits.max) reader.fail_at(at, "size minimum must not be greater than maximum");
  return limits;
}

TableType read_table_type(Reader& reader) {
  TableType table;
  table.type = read_reference_type(reader);
  table.limits = read_limits(reader, kNone, "table size");
  return table;
}

LimitsType read_memory_type(Reader& reader) {
  return read_limits(reader, 65'536, "memory size must be at most 65536 pages (4GiB)");
}

GlobalType read_global_type(Reader& reader) {
  GlobalType global{};
  global.type = read_value_type(reader);
  const u32 at = reader.offset();
  const u8 flag = reader.byte();
  if (flag > 1) reader.fail_at(at, "malformed mutability");
  global.is_mutable = flag == 1;
  return global;
}

static ExternKind read_kind(Reader& reader, const char* malformed) {
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
  entry.kind = read_kind(reader, "malformed import kind");
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
  entry.kind = read_kind(reader, "malformed export kind");
  entry.index = reader.leb_u32();
  return entry;
}

ElementSegment read_element_segment(Reader& reader) {
  ElementSegment segment{};
  const u32 at = reader.offset();
  const u32 flags = reader.leb_u32();
  if (flags > 7) reader.fail_at(at, "malformed element segment kind");
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
      segment.type = read_reference_type(reader);
    else if (reader.byte() != 0)
      reader.fail_at(type_at, "malformed element kind");
  }
  segment.count = reader.leb_u32();
  segment.items_at = reader.offset();
  return segment;
}

DataSegment read_data_segment(Reader& reader) {
  DataSegment segment{};
  const u32 at = reader.offset();
  const u32 flags = reader.leb_u32();
  if (flags > 2) reader.fail_at(at, "malformed data segment kind");
  segment.mode = flags == 1 ? SegmentMode::passive : SegmentMode::active;
  if (segment.mode == SegmentMode::active) {
    if (flags == 2) segment.memory = reader.leb_u32();
    segment.offset_at = reader.offset();
    skip_constant(reader);
  }
  segment.bytes = reader.bytes(reader.leb_u32());
  return segment;
}

void skip_constant(Reader& reader) {
  while (reader.ok()) {
    const u32 at = reader.offset();
    switch (reader.byte()) {
      case static_cast<u8>(Op::end): return;
      case static_cast<u8>(Op::i32_const): reader.leb_s32(); break;
      case static_cast<u8>(Op::i64_const): reader.leb_s64(); break;
      case static_cast<u8>(Op::f32_const): reader.bytes(4); break;
      case static_cast<u8>(Op::f64_const): reader.bytes(8); break;
      case static_cast<u8>(Op::global_get):
      case static_cast<u8>(Op::ref_func): reader.leb_u32(); break;
      case static_cast<u8>(Op::ref_null): read_reference_type(reader); break;
      default: reader.fail_at(at, "constant expression required");
    }
  }
}

void check_constant(Reader& reader, ModuleImpl& module, u8 expected) {
  const u32 start = reader.offset();
  u8 type = 0;
  u32 count = 0;
  while (reader.ok()) {
    const u32 at = reader.offset();
    const u8 op = reader.byte();
    if (op == static_cast<u8>(Op::end)) break;
    ++count;
    switch (op) {
      case static_cast<u8>(Op::i32_const): reader.leb_s32(), type = 0x7F; break;
      case static_cast<u8>(Op::i64_const): reader.leb_s64(), type = 0x7E; break;
      case static_cast<u8>(Op::f32_const): reader.bytes(4), type = 0x7D; break;
      case static_cast<u8>(Op::f64_const): reader.bytes(8), type = 0x7C; break;
      case static_cast<u8>(Op::ref_null): type = read_reference_type(reader); break;
      case static_cast<u8>(Op::ref_func): {
        const u32 func = reader.leb_u32();
        type = 0x70;
        if (func >= module.funcs.size())
          reader.fail_at(at, "unknown function");
        else
          module.declare(func);
        break;
      }
      case static_cast<u8>(Op::global_get): {
        const u32 global = reader.leb_u32();
        if (global >= module.imported_globals)
          reader.fail_at(at, "unknown global: a constant expression reads imported globals only");
        else if (module.globals[global].is_mutable)
          reader.fail_at(at, "constant expression required: the global is mutable");
        else
          type = module.globals[global].type;
        break;
      }
      default: reader.fail_at(at, "constant expression required");
    }
  }
  if (count != 1 || type != expected) reader.fail_at(start, "type mismatch in constant expression");
}

}  // namespace pipit::wasm
