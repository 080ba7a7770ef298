// Function bodies: the algorithm of Wasm 2.0's appendix "Validation Algorithm", which at the same time tells
// the side table, where one is made, what it comes by. A first pass counts what the second needs, so that the
// side table is allotted to the byte and the stacks of the second pass lie above it in the arena, where they
// are freed again.
#include <algorithm>

#include "wasm/body_validator.h"

namespace pipit::wasm {

namespace {

constexpr u32 kOperandChunk = 64;

/// Positions the reader in a body behind its size; yields what restore() needs.
const u8* enter_body(Reader& reader, const FuncEntry& func) {
  reader.seek(func.body);
  return reader.narrow(reader.leb_u32());
}

/// Reads local declarations; `each(type, count)` is called per group.
template <class Each>
void read_locals(Reader& reader, u32 params, const Limits& limits, Each each) {
  const u32 at = reader.offset();
  const u32 groups = reader.leb_u32();
  u64 total = params;
  for (u32 i = 0; i < groups && reader.ok(); ++i) {
    const u32 count = reader.leb_u32();
    const u8 type = read_value_type(reader);
    total += count;
    if (total > 0xFFFF'FFFF) reader.fail_at(at, Rule::too_many_locals);
    if (reader.ok()) each(type, count);
  }
  if (total > limits.max_locals) reader.fail_at(at, Rule::locals_exceed_platform);
}

void survey_body(Reader& reader, const Limits& limits, u32 params, BodyNeeds& needs) {
  u32 locals = params;
  read_locals(reader, params, limits, [&](u8, u32 count) { locals += count; });
  needs.locals = std::max(needs.locals, locals);
  u32 depth = 1;
  while (reader.ok() && depth != 0) {
    Instruction instruction;
    if (reader.at_end()) reader.fail(Rule::end_opcode_expected);
    read_instruction(reader, instruction);
    if (side_table() != nullptr && reader.ok()) {
      bool is_any_type = false;
      needs.side_entries += side_table()->entries(instruction, is_any_type);
      needs.untyped += is_any_type ? 1 : 0;
    }
    switch (static_cast<Op>(instruction.op)) {
      case Op::if_:
      case Op::block:
      case Op::loop: needs.depth = std::max(needs.depth, ++depth); break;
      case Op::end: --depth; break;
      case Op::br_table:
        for (u32 i = 0; i <= instruction.a && reader.ok(); ++i) reader.leb_u32();
        break;
      default: break;
    }
  }
  if (reader.ok() && !reader.at_end()) reader.fail(Rule::operators_after_end);
}

}  // namespace

bool BodyValidator::allocate(const BodyNeeds& needs) {
  std::span<ControlFrame> frames;
  std::span<u8> locals;
  if (!make_zeroed(arena_, frames, needs.depth + 1) || !make_zeroed(arena_, locals, needs.locals))
    return false;
  frames_ = frames.data();
  locals_ = locals.data();
  return true;
}

void BodyValidator::push_slot(u8 type) {
  if (height_ == kMaxFrameSlots) return fail(Rule::stack_too_deep);
  if (height_ == capacity_) {
    u8* chunk = static_cast<u8*>(arena_.allocate(kOperandChunk, 1));
    if (chunk == nullptr) return fail(Rule::arena_too_small);
    if (operands_ == nullptr) operands_ = chunk;
    PIPIT_CHECK(operands_ + capacity_ == chunk);  // nothing else allocates meanwhile
    capacity_ += kOperandChunk;
  }
  operands_[height_++] = type;
  if (height_ > max_height_) max_height_ = height_;
}

u8 BodyValidator::pop() {
  if (height_ > top().height) {
    const u8 type = operands_[--height_];
    if (type == kV128) --height_;
    return type;
  }
  if (!top().unreachable) mismatch();
  return kUnknown;
}

/// Like popping `types` and putting back what was there.
void BodyValidator::check_list(TypeList types) {
  u32 at = height_;
  for (usize i = types.size(); i-- > 0;) {
    if (at == top().height) {
      if (!top().unreachable) mismatch();
      return;
    }
    const u8 type = operands_[--at];
    if (type == kV128) --at;
    if (type != types[i] && type != kUnknown) mismatch();
  }
}

void BodyValidator::select(u8 type) {
  pop(kI32);
  if (type != kUnknown) {
    pop(type), pop(type);
    return push(type);
  }
  const u8 first = pop(), second = pop();
  if (is_reference(first) || is_reference(second)) return mismatch();
  if (first != second && first != kUnknown && second != kUnknown) return mismatch();
  const u8 result = first == kUnknown ? second : first;
  note(SideEvent::any_type, top(), slots_of(result));
  push(result);
}

/// Immediates that name something: does it exist?
void BodyValidator::check_indices(const Instruction& in) {
  const auto table = [&](u32 index) {
    if (index >= module_.tables.size()) fail(Rule::unknown_table);
  };
  const OpInfo& info = *in.info;
  switch (info.immediate) {
    case Immediate::func:
      if (in.a >= module_.funcs.size()) fail(Rule::unknown_function);
      break;
    case Immediate::type_table:
      if (in.a >= module_.types.size()) fail(Rule::unknown_type);
      table(in.b);
      if (reader_.ok() && !ref_matches(module_.tables[in.b].type, kFuncRef)) mismatch();
      break;
    case Immediate::local:
      if (in.a >= local_count_) fail(Rule::unknown_local);
      break;
    case Immediate::global:
      if (in.a >= module_.globals.size()) fail(Rule::unknown_global);
      break;
    case Immediate::table: table(in.a); break;
    case Immediate::data_memory:
    case Immediate::data:
      if (!module_.has_data_count) fail(Rule::data_count_section_required);
      if (in.a >= module_.data.size()) fail(Rule::unknown_data_segment);
      if (info.immediate == Immediate::data) break;
      [[fallthrough]];
    case Immediate::memory:
    case Immediate::memory_memory:
      if (!module_.has_memory) fail(Rule::unknown_memory);
      break;
    case Immediate::memarg:
    case Immediate::memarg_lane:
      if (!module_.has_memory) fail(Rule::unknown_memory);
      if (in.a > info.alignment) fail(Rule::alignment_larger_than_natural);
      break;
    case Immediate::elem_table:
    case Immediate::elem:
      if (in.a >= module_.elements.size()) fail(Rule::unknown_elem_segment);
      if (info.immediate == Immediate::elem) break;
      table(in.b);
      if (reader_.ok()) {
        Reader segment(module_.code, module_.elements[in.a]);
        if (!ref_matches(read_element_segment(segment).type, module_.tables[in.b].type)) mismatch();
      }
      break;
    case Immediate::table_table:
      table(in.a), table(in.b);
      if (reader_.ok() && !ref_matches(module_.tables[in.b].type, module_.tables[in.a].type)) mismatch();
      break;
    default: break;
  }
}

void BodyValidator::instruction(const Instruction& in) {
  at_ = in.at;
  check_indices(in);
  if (!reader_.ok()) return;
  PackedSignature signature = in.info->signature;
  if (signature == kContextual) return contextual(in);
  const u8 result = signature & 7;
  for (signature >>= 3; signature != 0; signature >>= 3) pop(static_cast<u8>(0x80 - (signature & 7)));
  if (result != 0) push(static_cast<u8>(0x80 - result));
}

void BodyValidator::contextual(const Instruction& in) {
  switch (static_cast<Op>(in.op)) {
    case Op::unreachable: unreachable(); break;
    case Op::block:
    case Op::loop:
    case Op::if_: if_or_block(in); break;
    case Op::else_: else_branch(); break;
    case Op::end: end_block(); break;
    case Op::br:
      if (ControlFrame* target = label(in.a)) {
        check_list(label_types(*target));
        note(SideEvent::branch, *target);
        unreachable();
      }
      break;
    case Op::br_if:
      pop(kI32);
      if (ControlFrame* target = label(in.a)) {
        const TypeList types = label_types(*target);
        note(SideEvent::branch, *target);
        pop_list(types);
        push_list(types);
      }
      break;
    case Op::br_table: branch_table(in); break;
    case Op::return_:
      check_list(block_results(frames_[0]));
      unreachable();
      break;
    case Op::call: call(module_.funcs[in.a].type); break;
    case Op::call_indirect:
      pop(kI32);
      call(in.a);
      break;
    case Op::return_call: tail_call(module_.funcs[in.a].type); break;
    case Op::return_call_indirect:
      pop(kI32);
      tail_call(in.a);
      break;
    case Op::drop: {
      const u8 type = pop();
      note(SideEvent::any_type, top(), slots_of(type));
      break;
    }
    case Op::select: select(kUnknown); break;
    case Op::select_t: select(static_cast<u8>(in.a)); break;
    case Op::local_get: push(locals_[in.a]); break;
    case Op::local_set: pop(locals_[in.a]); break;
    case Op::local_tee: pop(locals_[in.a]), push(locals_[in.a]); break;
    case Op::global_get: push(module_.globals[in.a].type); break;
    case Op::global_set:
      if (!module_.globals[in.a].is_mutable) fail(Rule::global_is_immutable);
      pop(module_.globals[in.a].type);
      break;
    default: reference(in);
  }
}

void BodyValidator::reference(const Instruction& in) {
  switch (static_cast<Op>(in.op)) {
    case Op::table_get: pop(kI32), push(operand_type(in.a)); break;
    case Op::table_set: pop(stored_type(in.a)), pop(kI32); break;
    case Op::table_grow: pop(kI32), pop(stored_type(in.a)), push(kI32); break;
    case Op::table_fill: pop(kI32), pop(stored_type(in.a)), pop(kI32); break;
    case Op::ref_null: push(static_cast<u8>(in.a)); break;
    case Op::ref_is_null: {
      const u8 type = pop();
      if (type != kUnknown && !is_reference(type)) mismatch();
      push(kI32);
      break;
    }
    case Op::ref_func:
      if (!module_.is_declared(in.a)) fail(Rule::undeclared_function_reference);
      push(0x70);
      break;
    default: fail(Rule::illegal_opcode);
  }
}

void BodyValidator::run(u32 index) {
  FuncEntry& func = module_.funcs[index];
  const u8* outer = enter_body(reader_, func);
  body_ = func.body;
  func.side = side_;
  const TypeList params = module_.params(func.type);
  std::ranges::copy(params, locals_);
  local_count_ = static_cast<u32>(params.size());
  read_locals(reader_, local_count_, limits_, [&](u8 type, u32 count) {
    std::fill_n(locals_ + local_count_, count, type);
    local_count_ += count;
  });
  height_ = max_height_ = depth_ = 0;
  open(Op::block, func.type, 0);
  while (reader_.ok() && depth_ != 0) {
    Instruction in;
    read_instruction(reader_, in);
    if (reader_.ok()) instruction(in);
  }
  const u32 locals = module_.uses_v128
                         ? count_slots({locals_, local_count_}) + local_places_slots(local_count_)
                         : local_count_;
  const u32 slots = locals + std::max<u32>(max_height_, module_.types[func.type].result_slots);
  if (slots > kMaxFrameSlots) reader_.fail_at(func.body, Rule::stack_too_deep);
  func.frame_slots = static_cast<u16>(slots);
  reader_.restore(outer);
}

Status validate_bodies(ModuleImpl& module, Arena& arena, const Limits& limits) {
  Reader reader(module.code);
  BodyNeeds needs;
  for (const FuncEntry& func : module.funcs.subspan(module.imported_funcs)) {
    const u8* outer = enter_body(reader, func);
    survey_body(reader, limits, module.types[func.type].param_count, needs);
    TRY(reader.status());
    reader.restore(outer);
  }
  module.uses_v128 |= reader.uses_v128();
  if (module.uses_v128) needs.side_entries += needs.untyped;
  BodyValidator validator(module, arena, limits, reader);
  const bool fits = make_zeroed(arena, module.side, needs.side_entries);
  const usize mark = arena.mark();
  if (!fits || !validator.allocate(needs))
    return Error{Code::out_of_memory, "arena too small for the module", static_cast<u32>(arena.wanted())};
  for (u32 i = module.imported_funcs; i < module.funcs.size() && reader.ok(); ++i) validator.run(i);
  arena.rewind(mark);
  return reader.status();
}

}  // namespace pipit::wasm
