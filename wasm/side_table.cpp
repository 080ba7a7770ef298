#include "wasm/side_table.h"

#include "wasm/body_validator.h"

namespace pipit::wasm {

namespace {

u32 entries(const Instruction& instruction, bool& is_any_type) {
  switch (static_cast<Op>(instruction.op)) {
    case Op::if_:
    case Op::br:
    case Op::br_if:
    case Op::else_: return 1;
    case Op::drop:
    case Op::select: is_any_type = true; return 0;
    case Op::br_table: return instruction.a + 1;
    default: return 0;
  }
}

}  // namespace

/// Sees what the validator knows.
struct SideTableMaker {
  BodyValidator& v;

  static void note(BodyValidator& validator, SideEvent event, ControlFrame& frame, u32 slots) {
    SideTableMaker maker{validator};
    switch (event) {
      case SideEvent::branch: return maker.branch(frame);
      case SideEvent::if_: frame.condition = maker.emit(0, 0) + 1; return;
      case SideEvent::else_: return maker.else_branch(frame);
      case SideEvent::end: return maker.end(frame);
      case SideEvent::any_type:
        // Where v128 is in use, tells the interpreter how many slots an untyped instruction's operand takes.
        if (validator.module_.uses_v128) maker.emit(0, slots);
    }
  }

  u32 emit(u32 carry, u32 drop) {
    if (carry > SideEntry::kMaxCarry || drop > SideEntry::kMaxDrop) v.fail(Rule::branch_moves_too_many);
    v.module_.side[v.side_].set(static_cast<i32>(v.at_ + 1 - v.body_), carry, 0, drop);
    return v.side_++;
  }

  void resolve(u32 index, u32 target, u32 side) {
    SideEntry& entry = v.module_.side[index];
    const i32 skip = static_cast<i32>(side - index);
    if (skip > SideEntry::kMaxSkip || skip < -SideEntry::kMaxSkip) return v.fail(Rule::too_many_branches);
    const u32 source = v.body_ + static_cast<u32>(entry.target());
    entry.set(static_cast<i32>(target - source), entry.carry(), skip, entry.drop());
  }

  /// Forward branches are chained through `skip` until the block ends.
  void chain(ControlFrame& target, u32 index) {
    const u32 distance = target.branches == 0 ? 0 : index + 1 - target.branches;
    if (distance > static_cast<u32>(SideEntry::kMaxSkip)) return v.fail(Rule::too_many_branches);
    SideEntry& entry = v.module_.side[index];
    entry.set(entry.target(), entry.carry(), static_cast<i32>(distance), entry.drop());
    target.branches = index + 1;
  }

  void branch(ControlFrame& target) {
    const u32 carry = count_slots(v.label_types(target));
    const bool leaves_function = &target == v.frames_;  // `end` takes the results from the top itself
    const u32 below = target.height + carry;
    const u32 drop = leaves_function || v.height_ < below ? 0 : v.height_ - below;
    const u32 index = emit(leaves_function || drop == 0 ? 0 : carry, drop);
    if (target.op == Op::loop) return resolve(index, target.start, target.side);
    chain(target, index);
  }

  void else_branch(ControlFrame& frame) {
    chain(frame, emit(0, 0));
    resolve(frame.condition - 1, v.reader_.offset(), v.side_);
    frame.condition = 0;
  }

  void end(ControlFrame& frame) {
    // A branch out of the function goes to the last `end` itself, which returns; others go behind theirs.
    const u32 target = v.depth_ == 1 ? v.at_ : v.reader_.offset();
    if (frame.op == Op::if_) resolve(frame.condition - 1, target, v.side_);
    for (u32 waiting = frame.branches; waiting != 0 && v.reader_.ok();) {
      const u32 distance = static_cast<u32>(v.module_.side[waiting - 1].skip());
      resolve(waiting - 1, target, v.side_);
      waiting = distance == 0 ? 0 : waiting - distance;
    }
  }
};

}  // namespace pipit::wasm

extern "C" constexpr pipit::wasm::SideTable pipit_wasm_side_table = {pipit::wasm::entries,
                                                                     pipit::wasm::SideTableMaker::note};
