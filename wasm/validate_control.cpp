// Blocks, branches and calls: what is on the stack where they meet.
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

void BodyValidator::note(SideEvent event, ControlFrame& frame, u32 slots) {
  if (side_table() != nullptr && reader_.ok()) side_table()->note(*this, event, frame, slots);
}

void BodyValidator::if_or_block(const Instruction& in) {
  if (in.block >= 0 && static_cast<u32>(in.block) >= module_.types.size()) return fail(Rule::unknown_type);
  const Op op = static_cast<Op>(in.op);
  if (op == Op::if_) pop(kI32);
  const TypeList params = in.block >= 0 ? module_.params(static_cast<u32>(in.block)) : TypeList{};
  pop_list(params);
  open(op, in.block, in.operands);
  if (op == Op::if_) note(SideEvent::if_, top());
  push_list(params);
}

void BodyValidator::else_branch() {
  ControlFrame& frame = top();
  if (frame.op != Op::if_) return fail(Rule::else_without_if);
  pop_list(block_results(frame));
  if (height_ != frame.height) mismatch();
  note(SideEvent::else_, frame);
  frame.op = Op::else_;
  frame.unreachable = false;
  push_list(block_params(frame));
}

void BodyValidator::end_block() {
  ControlFrame& frame = top();
  const TypeList results = block_results(frame);
  pop_list(results);
  if (height_ != frame.height) mismatch();
  if (frame.op == Op::if_ && !std::ranges::equal(block_params(frame), results)) mismatch();
  note(SideEvent::end, frame);
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
    note(SideEvent::branch, *target);
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

}  // namespace pipit::wasm
