// Blocks, branches and calls: what is on the stack where they meet, and where each branch goes.
#include <algorithm>

#include "wasm/body_validator.h"

namespace pipit::wasm {

void BodyValidator::open(Op op, i32 block, u32 block_at) {
  frames_[depth_++] = {op, false, block, block_at, height_, reader_.offset(), side_, 0, 0};
}

ControlFrame* BodyValidator::label(u32 depth) {
  if (depth >= depth_) {
    fail(Rule::unknown_label);
    return nullptr;
  }
  return &frames_[depth_ - 1 - depth];
}

u32 BodyValidator::emit(u32 carry, u32 drop) {
  if (carry > SideEntry::kMaxCarry || drop > SideEntry::kMaxDrop) fail(Rule::branch_moves_too_many);
  module_.side[side_].set(static_cast<i32>(at_ + 1 - body_), carry, 0, drop);
  return side_++;
}

void BodyValidator::resolve(u32 index, u32 target, u32 side) {
  SideEntry& entry = module_.side[index];
  const i32 skip = static_cast<i32>(side - index);
  if (skip > SideEntry::kMaxSkip || skip < -SideEntry::kMaxSkip) return fail(Rule::too_many_branches);
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
  if (distance > static_cast<u32>(SideEntry::kMaxSkip)) return fail(Rule::too_many_branches);
  SideEntry& entry = module_.side[index];
  entry.set(entry.target(), entry.carry(), static_cast<i32>(distance), entry.drop());
  target.branches = index + 1;
}

void BodyValidator::if_or_block(const Instruction& in) {
  if (in.block >= 0 && static_cast<u32>(in.block) >= module_.types.size()) return fail(Rule::unknown_type);
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
  if (frame.op != Op::if_) return fail(Rule::else_without_if);
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

}  // namespace pipit::wasm
