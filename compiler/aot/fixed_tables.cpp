#include "compiler/aot/fixed_tables.h"

namespace pipit::aot {

using wasm::Op;

namespace {

/// More elements than this are not worth keeping.
constexpr u32 kMostElements = 1u << 16;

/// The value of `i32.const`, if that is all of the expression.
bool read_constant(const wasm::ModuleImpl& module, u32 at, u32& value) {
  wasm::Reader reader(module.code, at);
  wasm::Instruction in;
  wasm::read_instruction(reader, in);
  if (in.op != static_cast<u32>(Op::i32_const)) return false;
  wasm::Reader operand(module.code, in.operands);
  value = static_cast<u32>(operand.leb_s32());
  wasm::read_instruction(reader, in);
  return in.op == static_cast<u32>(Op::end);
}

/// An item of a segment: a function, kNone for null. False where only instantiation can tell.
bool read_item(wasm::Reader& reader, bool is_expression, u32& func) {
  if (!is_expression) {
    func = reader.leb_u32();
    return true;
  }
  wasm::Instruction in;
  wasm::read_instruction(reader, in);
  func = in.op == static_cast<u32>(Op::ref_func) ? in.a : wasm::kNone;
  const bool known = func != wasm::kNone || in.op == static_cast<u32>(Op::ref_null);
  wasm::read_instruction(reader, in);
  return known && in.op == static_cast<u32>(Op::end);
}

bool take_segment(const wasm::ModuleImpl& module, wasm::Reader& reader, const wasm::ElementSegment& segment,
                  FixedTables::Elements& elements) {
  const u32 size = module.tables[segment.table].limits.min;
  u32 to = 0;
  if (!read_constant(module, segment.offset_at, to)) return false;
  if (to > size || segment.count > size - to || elements.size() + segment.count > kMostElements) return false;
  for (u32 i = 0; i < segment.count; ++i) {
    u32 func = wasm::kNone;
    if (!read_item(reader, segment.expressions, func)) return false;
    elements.erase(to + i);
    if (func != wasm::kNone) elements.emplace(to + i, func);
  }
  return true;
}

}  // namespace

void note_table_write(const wasm::Instruction& in, std::vector<bool>& written) {
  switch (static_cast<Op>(in.op)) {
    case Op::table_set:
    case Op::table_grow:
    case Op::table_fill:
    case Op::table_copy: written[in.a] = true; break;
    case Op::table_init: written[in.b] = true; break;
    default: break;
  }
}

FixedTables::FixedTables(const wasm::ModuleImpl& module, std::vector<bool> written)
    : fixed_(std::move(written)), elements_(fixed_.size()) {
  fixed_.flip();
  // With an imported table, functions may be called although the segments behind a failing one were never
  // read.
  if (module.imported_tables != 0) fixed_.assign(fixed_.size(), false);
  for (u32 i = 0; i < fixed_.size(); ++i)
    if (module.tables[i].init_at != 0 || module.tables[i].type == 0x6F) fixed_[i] = false;
  wasm::Reader exports(module.code, module.exports_at);
  for (u32 i = 0; i < module.export_count; ++i) {
    const wasm::ExportEntry entry = wasm::read_export(exports);
    if (entry.kind == wasm::ExternKind::table) fixed_[entry.index] = false;
  }
  for (const u32 at : module.elements) {
    wasm::Reader reader(module.code, at);
    const wasm::ElementSegment segment = wasm::read_element_segment(reader);
    if (segment.mode != wasm::SegmentMode::active || !fixed_[segment.table]) continue;
    if (!take_segment(module, reader, segment, elements_[segment.table])) fixed_[segment.table] = false;
  }
}

const FixedTables::Elements* FixedTables::find(u32 table) const {
  return fixed_[table] ? &elements_[table] : nullptr;
}

}  // namespace pipit::aot
