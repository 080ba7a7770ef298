#include "compiler/aot/partition.h"

#include <algorithm>

#include "wasm/instruction.h"

namespace pipit::aot {

using wasm::Op;

namespace {

/// Up to this size the whole module is one part with full effort: some seconds of processor time.
constexpr u32 kWholeBytes = 64u << 10;
/// Of a larger one so much gets full effort: where loops are nested deepest.
constexpr u32 kFullBytes = 48u << 10;

struct Body {
  u32 func;
  u32 bytes;
  u32 loop_depth;  ///< of the most deeply nested loop
  bool has_tail_calls;
};

Body scan(const wasm::ModuleImpl& module, u32 func, std::vector<bool>& written_tables) {
  wasm::Reader reader(module.code, module.funcs[func].body);
  Body body{func, reader.leb_u32(), 0, false};
  for (u32 groups = reader.leb_u32(); groups != 0; --groups) {
    reader.leb_u32();
    wasm::read_value_type(reader);
  }
  std::vector<bool> is_loop = {false};
  for (u32 depth = 0; !is_loop.empty();) {
    wasm::Instruction in;
    wasm::read_instruction(reader, in);
    note_table_write(in, written_tables);
    switch (static_cast<Op>(in.op)) {
      case Op::block:
      case Op::if_: is_loop.push_back(false); break;
      case Op::loop:
        is_loop.push_back(true);
        body.loop_depth = std::max(body.loop_depth, ++depth);
        break;
      case Op::end:
        depth -= is_loop.back();
        is_loop.pop_back();
        break;
      case Op::br_table:
        for (u32 i = 0; i <= in.a; ++i) reader.leb_u32();
        break;
      case Op::return_call:
      case Op::return_call_indirect: body.has_tail_calls = true; break;
      default: break;
    }
  }
  return body;
}

/// The functions of a large module for which full effort is made.
std::vector<bool> choose_full(const std::vector<Body>& bodies) {
  std::vector<const Body*> ranked;
  for (const Body& body : bodies)
    if (body.loop_depth >= 2) ranked.push_back(&body);
  std::ranges::sort(ranked, {}, [](const Body* body) { return std::pair(~body->loop_depth, body->func); });
  std::vector<bool> full(bodies.size());
  u32 left = kFullBytes;
  for (const Body* body : ranked) {
    if (body->bytes > left) continue;
    left -= body->bytes;
    full[static_cast<usize>(body - bodies.data())] = true;
  }
  return full;
}

/// Adds the functions of one tier, in parts of about the size asked for.
void add_parts(std::vector<Part>& parts, Tier tier, const std::vector<Body>& bodies,
               const std::vector<bool>& is_full, bool wanted, u32 part_bytes) {
  Part part{.tier = tier};
  for (usize i = 0; i < bodies.size(); ++i) {
    if (is_full[i] != wanted) continue;
    part.functions.push_back(bodies[i].func);
    part.code_bytes += bodies[i].bytes;
    if (part.code_bytes < part_bytes) continue;
    parts.push_back(std::move(part));
    part = {.tier = tier};
  }
  if (!part.functions.empty()) parts.push_back(std::move(part));
}

/// Functions that can be named from outside their direct callers: by a reference, an export, the start
/// section.
std::vector<bool> find_exposed(const wasm::ModuleImpl& module) {
  std::vector<bool> exposed(module.funcs.size());
  for (u32 i = 0; i < exposed.size(); ++i) exposed[i] = module.is_declared(i) || i == module.start;
  wasm::Reader reader(module.code, module.exports_at);
  for (u32 i = 0; i < module.export_count; ++i) {
    const wasm::ExportEntry entry = wasm::read_export(reader);
    if (entry.kind == wasm::ExternKind::func) exposed[entry.index] = true;
  }
  return exposed;
}

}  // namespace

Partition divide(const wasm::ModuleImpl& module, const Options& options) {
  Partition partition{.exposed = find_exposed(module)};
  u32 cells = 0;
  for (const wasm::GlobalType& global : module.globals.subspan(module.imported_globals)) {
    partition.global_cells.push_back(cells);
    cells += wasm::slots_of(global.type);
  }
  std::vector<Body> bodies;
  std::vector<bool> written_tables(module.tables.size());
  u32 bytes = 0;
  for (u32 i = module.imported_funcs; i < module.funcs.size(); ++i) {
    bodies.push_back(scan(module, i, written_tables));
    bytes += bodies.back().bytes;
    partition.has_tail_calls |= bodies.back().has_tail_calls;
  }
  partition.tables = FixedTables(module, std::move(written_tables));
  const bool is_quick = options.effort == Effort::quick || options.effort == Effort::o0;
  const bool is_small = bytes <= kWholeBytes;
  std::vector<bool> is_full(bodies.size(), !is_quick && options.effort != Effort::light);
  if (options.effort == Effort::balanced && !is_small) is_full = choose_full(bodies);
  const u32 part_bytes = options.part_bytes != 0 ? options.part_bytes
                         : is_small && !is_quick ? kWholeBytes
                                                 : kPartBytes;
  add_parts(partition.parts, Tier::full, bodies, is_full, true, part_bytes);
  add_parts(partition.parts, is_quick ? Tier::quick : Tier::light, bodies, is_full, false, part_bytes);
  if (partition.parts.empty()) partition.parts.push_back({.tier = Tier::quick});
  partition.parts[0].has_tables = true;
  return partition;
}

}  // namespace pipit::aot
