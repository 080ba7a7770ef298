// Function bodies: the algorithm of Wasm 2.0's appendix "Validation Algorithm", which at the same time finds
// where each branch goes. A first pass counts what the second needs, so that the side table is allotted to
// the byte and the stacks of the second pass lie above it in the arena, where they are freed again.
#include <algorithm>

#include "wasm/instruction.h"
#include "wasm/module_impl.h"

namespace pipit::wasm {

namespace {

constexpr u8 kUnknown = 0;  ///< the type of an operand that unreachable code conjures up
constexpr u8 kI32 = 0x7F;
constexpr u32 kOperandChunk = 64;
constexpr u32 kMaxFrameSlots = 0xFFFF;

/// What the first pass finds out.
struct BodyNeeds {
  u32 side_entries = 0;  ///< of all bodies together
  u32 untyped = 0;       ///< `drop` and `select` of all bodies together
  u32 depth = 0;         ///< deepest nesting of any body
  u32 locals = 0;        ///< most parameters and locals of any body
};

struct ControlFrame {
  Op op;
  bool unreachable;
  i32 block;
  u32 block_at;   ///< offset of the block type's byte
  u32 height;     ///< slots of operands below the block's own
  u32 start;      ///< loops: offset a branch goes to
  u32 side;       ///< loops: side-table index there
  u32 branches;   ///< others: last entry + 1 of the chain that waits for `end`
  u32 condition;  ///< `if`: its entry + 1, waiting for `else` or `end`
};

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
    if (total > 0xFFFF'FFFF) reader.fail_at(at, "too many locals");
    if (reader.ok()) each(type, count);
  }
  if (total > limits.max_locals) reader.fail_at(at, "too many locals for this platform", Code::out_of_range);
}

void survey_body(Reader& reader, const Limits& limits, u32 params, BodyNeeds& needs) {
  u32 locals = params;
  read_locals(reader, params, limits, [&](u8, u32 count) { locals += count; });
  needs.locals = std::max(needs.locals, locals);
  u32 depth = 1;
  while (reader.ok() && depth != 0) {
    Instruction instruction;
    if (reader.at_end()) reader.fail("unexpected end: END opcode expected");
    read_instruction(reader, instruction);
    switch (static_cast<Op>(instruction.op)) {
      case Op::if_: ++needs.side_entries; [[fallthrough]];
      case Op::block:
      case Op::loop: needs.depth = std::max(needs.depth, ++depth); break;
      case Op::end: --depth; break;
      case Op::br:
      case Op::br_if:
      case Op::else_: ++needs.side_entries; break;
      case Op::drop:
      case Op::select: ++needs.untyped; break;
      case Op::br_table:
        needs.side_entries += instruction.a + 1;
        for (u32 i = 0; i <= instruction.a && reader.ok(); ++i) reader.leb_u32();
        break;
      default: break;
    }
  }
  if (reader.ok() && !reader.at_end()) reader.fail("operators remaining after end of function");
}

class BodyValidator {
 public:
  BodyValidator(ModuleImpl& module, Arena& arena, const Limits& limits, Reader& reader)
      : module_(module), arena_(arena), limits_(limits), reader_(reader) {}

  /// The stacks; false when the arena is too small.
  bool allocate(const BodyNeeds& needs);
  void run(u32 func);

 private:
  void instruction(const Instruction& in);
  void contextual(const Instruction& in);
  void reference(const Instruction& in);
  void check_indices(const Instruction& in);
  void if_or_block(const Instruction& in);
  void else_branch();
  void end_block();
  void branch_table(const Instruction& in);
  void call(u32 type);
  void tail_call(u32 type);
  void note_width(u8 type);
  void select(u8 type);
  /// Type of a table's elements as operands, which always may be null.
  u8 operand_type(u32 table) const {
    const u8 type = module_.tables[table].type;
    return type == kNonNullFuncRef ? kFuncRef : type;
  }
  u8 stored_type(u32 table) {
    const u8 type = module_.tables[table].type;
    if (type == kNonNullFuncRef) fail("typed function references are not supported", Code::unsupported);
    return type;
  }

  void fail(const char* message, Code code = Code::malformed) { reader_.fail_at(at_, message, code); }
  void mismatch() { fail("type mismatch"); }

  // Operands: one byte a slot, which is the type; so a v128 has two.
  void push_slot(u8 type);
  void push(u8 type) {
    push_slot(type);
    if (type == kV128) push_slot(type);
  }
  void push_list(TypeList types) {
    for (const u8 type : types) push(type);
  }
  u8 pop();
  void pop(u8 expected) {
    const u8 type = pop();
    if (type != expected && type != kUnknown && expected != kUnknown) mismatch();
  }
  void pop_list(TypeList types) {
    for (usize i = types.size(); i-- > 0;) pop(types[i]);
  }
  void check_list(TypeList types);

  // Control frames and the branches that wait for their end.
  ControlFrame& top() { return frames_[depth_ - 1]; }
  void open(Op op, i32 block, u32 block_at);
  void unreachable() {
    height_ = top().height;
    top().unreachable = true;
  }
  TypeList block_params(const ControlFrame& frame) const {
    return frame.block >= 0 ? module_.params(static_cast<u32>(frame.block)) : TypeList{};
  }
  TypeList block_results(const ControlFrame& frame) const {
    if (frame.block >= 0) return module_.results(static_cast<u32>(frame.block));
    return module_.code.subspan(frame.block_at, frame.block == kBlockSingle ? 1 : 0);
  }
  TypeList label_types(const ControlFrame& frame) const {
    return frame.op == Op::loop ? block_params(frame) : block_results(frame);
  }
  ControlFrame* label(u32 depth);
  u32 emit(u32 carry, u32 drop);
  void branch(ControlFrame& target);
  void resolve(u32 entry, u32 target, u32 side);

  ModuleImpl& module_;
  Arena& arena_;
  const Limits& limits_;
  Reader& reader_;
  ControlFrame* frames_ = nullptr;
  u8* locals_ = nullptr;
  u8* operands_ = nullptr;
  u32 capacity_ = 0, height_ = 0, max_height_ = 0, depth_ = 0, local_count_ = 0;
  u32 body_ = 0;  ///< offset of the body, which waiting entries are relative to
  u32 at_ = 0;    ///< offset of the instruction being checked
  u32 side_ = 0;  ///< next free side-table entry
};

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
  if (height_ == kMaxFrameSlots) return fail("function needs too deep a stack", Code::unsupported);
  if (height_ == capacity_) {
    u8* chunk = static_cast<u8*>(arena_.allocate(kOperandChunk, 1));
    if (chunk == nullptr) return fail("arena too small", Code::out_of_memory);
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

void BodyValidator::open(Op op, i32 block, u32 block_at) {
  frames_[depth_++] = {op, false, block, block_at, height_, reader_.offset(), side_, 0, 0};
}

ControlFrame* BodyValidator::label(u32 depth) {
  if (depth >= depth_) {
    fail("unknown label");
    return nullptr;
  }
  return &frames_[depth_ - 1 - depth];
}

u32 BodyValidator::emit(u32 carry, u32 drop) {
  if (carry > SideEntry::kMaxCarry || drop > SideEntry::kMaxDrop)
    fail("branch moves more operands than this engine supports", Code::unsupported);
  module_.side[side_].set(static_cast<i32>(at_ + 1 - body_), carry, 0, drop);
  return side_++;
}

void BodyValidator::resolve(u32 index, u32 target, u32 side) {
  SideEntry& entry = module_.side[index];
  const i32 skip = static_cast<i32>(side - index);
  if (skip > SideEntry::kMaxSkip || skip < -SideEntry::kMaxSkip)
    return fail("function has more branches than this engine supports", Code::unsupported);
  const u32 source = body_ + static_cast<u32>(entry.target());
  entry.set(static_cast<i32>(target - source), entry.carry(), skip, entry.drop());
}

/// Makes the entry of a branch to `target`. Forward ones are chained through `skip` until the block ends.
void BodyValidator::branch(ControlFrame& target) {
  const u32 carry = count_slots(label_types(target));
  const bool leaves_function = &target == frames_;  // `end` takes the results from the top itself
  const u32 below = target.height + carry;
  const u32 drop = leaves_function || height_ < below ? 0 : height_ - below;
  const u32 index = emit(leaves_function || drop == 0 ? 0 : carry, drop);
  if (target.op == Op::loop) return resolve(index, target.start, target.side);
  const u32 distance = target.branches == 0 ? 0 : index + 1 - target.branches;
  if (distance > static_cast<u32>(SideEntry::kMaxSkip))
    return fail("function has more branches than this engine supports", Code::unsupported);
  SideEntry& entry = module_.side[index];
  entry.set(entry.target(), entry.carry(), static_cast<i32>(distance), entry.drop());
  target.branches = index + 1;
}

void BodyValidator::if_or_block(const Instruction& in) {
  if (in.block >= 0 && static_cast<u32>(in.block) >= module_.types.size()) return fail("unknown type");
  const Op op = static_cast<Op>(in.op);
  if (op == Op::if_) pop(kI32);
  const u32 condition = op == Op::if_ ? emit(0, 0) + 1 : 0;
  const TypeList params = in.block >= 0 ? module_.params(static_cast<u32>(in.block)) : TypeList{};
  pop_list(params);
  open(op, in.block, in.operands);
  top().condition = condition;
  push_list(params);
}

void BodyValidator::else_branch() {
  ControlFrame& frame = top();
  if (frame.op != Op::if_) return fail("else without if");
  pop_list(block_results(frame));
  if (height_ != frame.height) mismatch();
  const u32 index = emit(0, 0);
  const u32 distance = frame.branches == 0 ? 0 : index + 1 - frame.branches;
  SideEntry& entry = module_.side[index];
  entry.set(entry.target(), 0, static_cast<i32>(distance), 0);
  frame.branches = index + 1;
  resolve(frame.condition - 1, reader_.offset(), side_);
  frame.condition = 0;
  frame.op = Op::else_;
  frame.unreachable = false;
  push_list(block_params(frame));
}

void BodyValidator::end_block() {
  const ControlFrame frame = top();
  const TypeList results = block_results(frame);
  pop_list(results);
  if (height_ != frame.height) mismatch();
  // A branch out of the function goes to the last `end` itself, which returns; others go behind theirs.
  const u32 target = depth_ == 1 ? at_ : reader_.offset();
  if (frame.op == Op::if_) {
    if (!std::ranges::equal(block_params(frame), results)) mismatch();
    resolve(frame.condition - 1, target, side_);
  }
  for (u32 waiting = frame.branches; waiting != 0 && reader_.ok();) {
    const u32 distance = static_cast<u32>(module_.side[waiting - 1].skip());
    resolve(waiting - 1, target, side_);
    waiting = distance == 0 ? 0 : waiting - distance;
  }
  --depth_;
  if (depth_ != 0) push_list(results);
}

void BodyValidator::branch_table(const Instruction& in) {
  pop(kI32);
  usize arity = 0;
  // All entries start from the opcode; the default comes last.
  for (u32 i = 0; i <= in.a && reader_.ok(); ++i) {
    ControlFrame* target = label(reader_.leb_u32());
    if (target == nullptr || !reader_.ok()) return;
    const TypeList types = label_types(*target);
    if (i == 0) arity = types.size();
    if (types.size() != arity) return mismatch();
    check_list(types);
    branch(*target);
  }
  unreachable();
}

void BodyValidator::call(u32 type) {
  pop_list(module_.params(type));
  push_list(module_.results(type));
}

void BodyValidator::tail_call(u32 type) {
  pop_list(module_.params(type));
  if (!std::ranges::equal(module_.results(type), block_results(frames_[0]))) mismatch();
  unreachable();
}

/// Where v128 is in use, tells the interpreter how many slots an untyped instruction's operand takes.
void BodyValidator::note_width(u8 type) {
  if (module_.uses_v128) emit(0, slots_of(type));
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
  note_width(result);
  push(result);
}

/// Immediates that name something: does it exist?
void BodyValidator::check_indices(const Instruction& in) {
  const auto table = [&](u32 index) {
    if (index >= module_.tables.size()) fail("unknown table");
  };
  const OpInfo& info = op_info(in.op);
  switch (info.immediate) {
    case Immediate::func:
      if (in.a >= module_.funcs.size()) fail("unknown function");
      break;
    case Immediate::type_table:
      if (in.a >= module_.types.size()) fail("unknown type");
      table(in.b);
      if (reader_.ok() && !ref_matches(module_.tables[in.b].type, kFuncRef)) mismatch();
      break;
    case Immediate::local:
      if (in.a >= local_count_) fail("unknown local");
      break;
    case Immediate::global:
      if (in.a >= module_.globals.size()) fail("unknown global");
      break;
    case Immediate::table: table(in.a); break;
    case Immediate::data_memory:
    case Immediate::data:
      if (!module_.has_data_count) fail("data count section required");
      if (in.a >= module_.data.size()) fail("unknown data segment");
      if (info.immediate == Immediate::data) break;
      [[fallthrough]];
    case Immediate::memory:
    case Immediate::memory_memory:
      if (!module_.has_memory) fail("unknown memory");
      break;
    case Immediate::memarg:
    case Immediate::memarg_lane:
      if (!module_.has_memory) fail("unknown memory");
      if (in.a > info.alignment) fail("alignment must not be larger than natural");
      break;
    case Immediate::elem_table:
    case Immediate::elem:
      if (in.a >= module_.elements.size()) fail("unknown elem segment");
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
  PackedSignature signature = op_info(in.op).signature;
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
        branch(*target);
        unreachable();
      }
      break;
    case Op::br_if:
      pop(kI32);
      if (ControlFrame* target = label(in.a)) {
        const TypeList types = label_types(*target);
        branch(*target);
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
    case Op::drop: note_width(pop()); break;
    case Op::select: select(kUnknown); break;
    case Op::select_t: select(static_cast<u8>(in.a)); break;
    case Op::local_get: push(locals_[in.a]); break;
    case Op::local_set: pop(locals_[in.a]); break;
    case Op::local_tee: pop(locals_[in.a]), push(locals_[in.a]); break;
    case Op::global_get: push(module_.globals[in.a].type); break;
    case Op::global_set:
      if (!module_.globals[in.a].is_mutable) fail("global is immutable");
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
      if (!module_.is_declared(in.a)) fail("undeclared function reference");
      push(0x70);
      break;
    default: fail("illegal opcode");
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
  const u32 locals = module_.uses_v128 ? count_slots({locals_, local_count_}) + local_slots_size(local_count_)
                                       : local_count_;
  const u32 slots = locals + std::max<u32>(max_height_, module_.types[func.type].result_slots);
  if (slots > kMaxFrameSlots)
    reader_.fail_at(func.body, "function needs too deep a stack", Code::unsupported);
  func.frame_slots = static_cast<u16>(slots);
  reader_.restore(outer);
}

}  // namespace

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
