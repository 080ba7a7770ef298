// Blocks, branches and calls.
#include <algorithm>

#include "wasm/register/function.h"

namespace pipit::wasm::reg {

void FunctionTranslator::control() {
  switch (static_cast<Op>(in_.op)) {
    case Op::unreachable:
      put(Code::unreachable, Form::none);
      live_ = false;
      break;
    case Op::nop: break;
    case Op::block:
    case Op::loop:
    case Op::if_: open(static_cast<Op>(in_.op)); break;
    case Op::else_: else_branch(); break;
    case Op::end: end(); break;
    case Op::br: branch(in_.a); break;
    case Op::br_if: branch_if(); break;
    case Op::br_table: branch_table(); break;
    case Op::return_: return_from_top(); break;
    case Op::call:
    case Op::return_call: direct_call(); break;
    default: indirect_call();
  }
}

TypeList FunctionTranslator::block_params(const Control& frame) const {
  return frame.block >= 0 && &frame != control_ ? module_.params(static_cast<u32>(frame.block)) : TypeList{};
}
TypeList FunctionTranslator::block_results(const Control& frame) const {
  if (frame.block >= 0) return module_.results(static_cast<u32>(frame.block));
  return module_.code.subspan(frame.block_at, frame.block == kBlockSingle ? 1 : 0);
}
TypeList FunctionTranslator::label_types(const Control& frame) const {
  return frame.op == Op::loop ? block_params(frame) : block_results(frame);
}

/// Several ways lead to a label: what accumulators hold is not known there.
void FunctionTranslator::bind(u32 label) {
  emitter_.bind(label);
  held_for_ = nullptr;
  held_slot_ = -1;
  for (i32& cached : cached_) cached = -1;
}

void FunctionTranslator::open(Op op) {
  Operand* condition = nullptr;
  if (op == Op::if_) {
    condition = &pop();
    // Moving other operands to their places would change the accumulator.
    if (settled_ != height_) slot_of(*condition);
  }
  settle_from(0);
  Control& frame = control_[depth_++];
  frame = {op, true, in_.block, in_.operands, 0, label_count_++, 0, false};
  frame.height = height_ - static_cast<u32>(block_params(frame).size());
  if (op == Op::loop) {
    bind(frame.label);
    emitter_.mark_loop();
  }
  if (op != Op::if_) return;
  frame.else_label = label_count_++;
  jump_if(*condition, false, frame.else_label, false);
}

void FunctionTranslator::else_branch() {
  Control& frame = control_[depth_ - 1];
  if (live_) {
    settle_from(frame.height);
    jump(frame);
  }
  bind(frame.else_label);
  frame.op = Op::else_;
  live_ = true;
  height_ = settled_ = frame.height;
  push_types(block_params(frame));
}

void FunctionTranslator::end() {
  Control& frame = control_[depth_ - 1];
  const bool falls_through = frame.op == Op::if_;  // no else: the condition leads here as well
  const bool merges = frame.op != Op::loop && (frame.is_targeted || falls_through);
  if (live_ && merges) settle_from(frame.height);
  if (falls_through) bind(frame.else_label);
  if (merges && frame.is_targeted) bind(frame.label);
  if (merges) {
    height_ = settled_ = frame.height;
    push_types(block_results(frame));
    live_ = true;
  }
  --depth_;
  if (depth_ == 0 && live_) {
    ++depth_;  // return_from_top() asks what the function returns
    return_from_top();
    --depth_;
  }
}

// Branches.

bool FunctionTranslator::in_place(const Control& target) const {
  const usize count = label_types(target).size();
  return count == 0 || height_ - count == target.height;
}

/// Copies what a branch carries, which is settled, to where its target expects it.
void FunctionTranslator::copy_down(const Control& target) {
  const u32 count = static_cast<u32>(label_types(target).size());
  u16 to = stack_[target.height].own;
  for (u32 i = height_ - count; i < height_; ++i) {
    copy(to, stack_[i].own, stack_[i].type);
    to = static_cast<u16>(to + slots_of(stack_[i].type));
  }
}

void FunctionTranslator::jump(const Control& target) {
  const bool back = target.op == Op::loop;
  const_cast<Control&>(target).is_targeted = true;
  RegisterInstruction in = make(far_   ? Code::br_far
                                : back ? Code::back
                                       : Code::br,
                                far_ ? Form::br_far : Form::br);
  in.target = static_cast<i32>(target.label);
  hold(in);
  emitter_.finish();
}

void FunctionTranslator::branch(u32 depth) {
  Control& target = control_[depth_ - 1 - depth];
  if (&target == control_) return return_from_top();
  const u32 count = static_cast<u32>(label_types(target).size());
  if (count != 0) {
    u16 to = stack_[target.height].own;
    for (u32 i = height_ - count; i < height_; ++i) {
      Operand& operand = stack_[i];
      const u32 slots = slots_of(operand.type);
      write_to(operand, to);
      to = static_cast<u16>(to + slots);
    }
  }
  for (Operand*& owner : owner_) owner = nullptr;
  jump(target);
  live_ = false;
}

void FunctionTranslator::jump_if(Operand& condition, bool holds, u32 label, bool back) {
  constexpr Form kForms[] = {Form::br_ss, Form::br_as, Form::br_si, Form::br_ai};
  const bool is_compare = condition.place == Place::accumulator && held_for_ == &condition &&
                          is_compare_value(emitter_.last().code);
  const u32 first = static_cast<u32>(Code::eq_ss_a);
  if (far_) {
    if (is_compare && !holds) {
      const u32 number = static_cast<u32>(emitter_.last().code) - first;
      emitter_.last().code =
          Code::eq_ss_a + ((number / kCompareCodes ^ 1) * kCompareCodes + number % kCompareCodes);
    } else if (!holds) {
      const Pair zero = in_accumulator(condition) ? Pair{3} : Pair{2, near_slot(condition, 0)};
      consume(condition);
      claim(0);
      hold(make_pair(Code::eq_ss_a, zero, false));
    } else {
      to_accumulator(condition);
    }
    consume(condition);
    RegisterInstruction in = make(Code::br_if_far, Form::br_far);
    in.target = static_cast<i32>(label);
    hold(in);
    return emitter_.finish();
  }
  RegisterInstruction in;
  u32 family = holds ? 1 : 0, form = 2;  // ne 0, eq 0
  if (is_compare) {
    in = emitter_.last();
    emitter_.withdraw();
    const u32 number = static_cast<u32>(in.code) - first;
    family = number / kCompareCodes ^ (holds ? 0 : 1);
    form = number % kCompareCodes;
    consume(condition);
    cached_[0] = form == 0 || form == 2 ? in.ra : cached_before_;
  } else {
    in = make(Code::eq_ss_a, Form::br_si);
    if (condition.place == Place::sum || condition.place == Place::constant) to_accumulator(condition);
    form = in_accumulator(condition) ? 3 : 2;
    if (form == 2) {
      in.ra = near_slot(condition, 0);
      claim(0);
      cached_[0] = in.ra;
    }
    consume(condition);
  }
  in.code = Code::eq_ss_a + (family * kCompareCodes + (back ? 8 : 4) + form);
  in.form = kForms[form];
  in.target = static_cast<i32>(label);
  in.slot_code = Code::count_;
  hold(in);
  emitter_.finish();
}

void FunctionTranslator::branch_if() {
  Operand& condition = pop();
  Control& target = control_[depth_ - 1 - in_.a];
  const u32 count = static_cast<u32>(label_types(target).size());
  target.is_targeted = true;
  const bool back = target.op == Op::loop;
  const u32 skip = label_count_++;
  if (count == 0) return jump_if(condition, true, target.label, back);
  const u32 first = height_ - count;
  bool settled = true;
  for (u32 i = first; i < height_; ++i) settled = settled && stack_[i].place == Place::own;
  if (!settled) {
    slot_of(condition);
    settle_from(first);
  }
  if (in_place(target)) return jump_if(condition, true, target.label, back);
  jump_if(condition, false, skip, false);
  copy_down(target);
  jump(target);
  bind(skip);
}

void FunctionTranslator::branch_table() {
  Operand& index = pop();
  const u8 ra = near_slot(index, 0);
  const u32 entries = in_.a + 1, first_label = reader_.offset(), first_stub = label_count_;
  label_count_ += entries;
  if (entries > 0x10000) return too_large();
  settle_from(0);
  for (Operand*& owner : owner_) owner = nullptr;
  emitter_.flush();
  const u32 origin = emitter_.position();
  put(far_ ? Code::br_table_far : Code::br_table, far_ ? Form::table_far : Form::table, 0, ra, 0, in_.a);
  for (u32 i = 0; i < entries; ++i) {
    Control& target = control_[depth_ - 1 - reader_.leb_u32()];
    target.is_targeted = true;
    emitter_.displacement(in_place(target) ? target.label : first_stub + i, origin, far_);
  }
  reader_.seek(first_label);
  for (u32 i = 0; i < entries; ++i) {
    const Control& target = control_[depth_ - 1 - reader_.leb_u32()];
    if (in_place(target)) continue;
    bind(first_stub + i);
    copy_down(target);
    jump(target);
  }
  live_ = false;
}

void FunctionTranslator::return_from_top() {
  const TypeList types = block_results(control_[0]);
  const u32 count = static_cast<u32>(types.size());
  live_ = false;
  if (count == 0) {
    put(Code::return_0, Form::none);
  } else if (count == 1 && slots_of(types[0]) == 1) {
    Operand& result = stack_[height_ - 1];
    if (class_of(result.type) == 0 && (in_accumulator(result) || result.place == Place::constant)) {
      to_accumulator(result);
      put(Code::return_a, Form::none);
    } else {
      const u8 ra = near_slot(result, 0);
      put(Code::return_1, Form::s, 0, ra);
    }
  } else {
    settle_from(height_ - count);
    const TypeEntry& type = module_.type_of(func_);
    put(Code::return_n, Form::u16x2, 0, 0, 0, stack_[height_ - count].own | u32{type.result_slots} << 16);
  }
  for (Operand*& owner : owner_) owner = nullptr;
}

// Calls.

void FunctionTranslator::direct_call() {
  const bool is_tail = static_cast<Op>(in_.op) == Op::return_call;
  const bool is_import = in_.a < module_.imported_funcs;
  const u32 number = in_.a - module_.imported_funcs;
  RegisterInstruction in = make(Code::call, Form::call);
  in.imm = u64{number} << 16;
  if (is_tail || is_import || number > 0xFFFF) {
    in = make(is_tail ? Code::return_call : Code::call_any, Form::call_far);
    in.imm = u64{in_.a} << 16;
  }
  call(module_.funcs[in_.a].type, in, false, is_tail);
}

void FunctionTranslator::indirect_call() {
  const bool is_tail = static_cast<Op>(in_.op) == Op::return_call_indirect;
  RegisterInstruction in = make(is_tail ? Code::return_call_indirect : Code::call_indirect, Form::u16x3);
  if (in_.a > 0xFFFF || in_.b > 0xFFFF) return too_large();
  in.imm = u64{in_.a} << 16 | u64{in_.b} << 32;
  call(in_.a, in, true, is_tail);
}

void FunctionTranslator::call(u32 type, RegisterInstruction in, bool has_element, bool is_tail) {
  const TypeEntry& entry = module_.types[type];
  const u32 taken = entry.param_count + (has_element ? 1u : 0u);
  settle_from(height_ - taken);
  claim_all();
  height_ -= taken;
  settled_ = std::min(settled_, height_);
  const u32 base = next_slot();
  in.imm |= base;
  hold(in);
  emitter_.finish();
  if (is_tail) {
    // Reached when the callee was the host's.
    put(Code::return_n, Form::u16x2, 0, 0, 0, base | u32{entry.result_slots} << 16);
    slots_ = std::max(slots_, base + entry.result_slots);
    live_ = false;
    return;
  }
  push_types(module_.results(type));
}

}  // namespace pipit::wasm::reg
