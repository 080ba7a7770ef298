#include "wasm/register/function.h"

#include <algorithm>

#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

namespace {
/// Operands that may wait unsettled: bounds the work that a change of a local causes.
constexpr u32 kMaxLazy = 32;
/// Parameters beyond this one move up, where instructions cannot name them, to make room for scratch slots.
constexpr u32 kMaxScratch = 248;
}  // namespace

RegisterInstruction FunctionTranslator::make(Code code, Form form) const {
  RegisterInstruction in;
  in.code = code;
  in.form = form;
  if (is_numeric(code)) in.form = Form::num, in.rc = numeric_number(code);
  in.at = in_.at;
  return in;
}

void FunctionTranslator::put(Code code, Form form, u8 rd, u8 ra, u8 rb, u64 imm) {
  RegisterInstruction in = make(code, form);
  in.rd = rd;
  in.ra = ra;
  in.rb = rb;
  in.imm = imm;
  put(in);
}

void FunctionTranslator::put(const RegisterInstruction& in) {
  hold(in);
  emitter_.finish();
}

void FunctionTranslator::hold(const RegisterInstruction& in) {
  emitter_.hold(in);
  held_for_ = nullptr;
  held_slot_ = -1;
}

/// Counts what the function needs memory for, and takes it.
bool FunctionTranslator::survey(Arena& scratch) {
  const FuncEntry& func = module_.funcs[func_];
  reader_.seek(func.body);
  reader_.leb_u32();
  u32 locals = module_.types[func.type].param_count;
  for (u32 groups = reader_.leb_u32(); groups != 0; --groups) {
    locals += reader_.leb_u32();
    reader_.byte();
  }
  u32 depth = 1, deepest = 1, labels = 1;
  while (depth != 0) {
    read_instruction(reader_, in_);
    switch (static_cast<Op>(in_.op)) {
      case Op::if_: ++labels; [[fallthrough]];
      case Op::block:
      case Op::loop: ++labels, deepest = std::max(deepest, ++depth); break;
      case Op::end: --depth; break;
      case Op::br_if: ++labels; break;
      case Op::br_table:
        labels += in_.a + 1;
        for (u32 i = 0; i <= in_.a; ++i) reader_.leb_u32();
        break;
      default: break;
    }
  }
  std::span<Operand> stack;
  std::span<Control> control;
  std::span<Local> slots;
  std::span<u32> places;
  if (!make_zeroed(scratch, stack, func.frame_slots + 2u) || !make_zeroed(scratch, control, deepest) ||
      !make_zeroed(scratch, slots, locals) || !make_zeroed(scratch, places, labels))
    return false;
  stack_ = stack.data();
  control_ = control.data();
  locals_ = slots.data();
  labels_ = places.data();
  return true;
}

bool FunctionTranslator::prepare(u32 func, Arena& scratch) {
  func_ = func;
  far_ = false;
  has_scratch_ = module_.funcs[func].frame_slots > kMaxScratch;
  return survey(scratch);
}

/// Gives every local its slot. Parameters come first, as the caller left them.
void FunctionTranslator::read_locals() {
  const FuncEntry& func = module_.funcs[func_];
  const u32 params = module_.types[func.type].param_slots;
  u32 slot = 0;
  local_count_ = 0;
  scratch_ = has_scratch_ ? std::min(params, kMaxScratch) : kMaxScratch + kScratchSlots;
  shifted_ = has_scratch_ ? params - scratch_ : 0;
  const auto add = [&](u8 type, bool is_aligned) {
    if (is_aligned && type == kV128) slot += slot & 1;
    if (slot == scratch_) slot += kScratchSlots;
    locals_[local_count_++] = {type, static_cast<u16>(slot)};
    slot += slots_of(type);
    // A v128 that would lie across the scratch slots: only functions with more than 250 slots of parameters
    // have it.
    if (slot > scratch_ && slot < scratch_ + kScratchSlots) too_large();
  };
  for (const u8 type : module_.params(func.type)) add(type, false);
  if (has_scratch_ && slot == scratch_) slot += kScratchSlots;
  zero_from_ = slot;
  for (u32 groups = reader_.leb_u32(); groups != 0; --groups) {
    const u32 count = reader_.leb_u32();
    const u8 type = reader_.byte();
    for (u32 i = 0; i < count; ++i) add(type, true);
  }
  // In frames that begin on a multiple of 16 bytes, a v128 in an even slot never lies across two cache lines,
  // which costs computers dearly: so do locals, and operands above an address.
  stack_base_ = module_.uses_v128 ? slot | 1 : slot;
  zero_count_ = slot - zero_from_;
  if (slot > slots_) slots_ = slot;
}

void FunctionTranslator::head() {
  emitter_.raw16(slots_);
  emitter_.raw16(zero_from_);
  emitter_.raw16(zero_count_);
  if (shifted_ != 0) put(Code::shift_up, Form::u16x2, 0, 0, 0, scratch_ | shifted_ << 16);
}

void FunctionTranslator::run(bool write) {
  const FuncEntry& func = module_.funcs[func_];
  emitter_.begin(labels_, write);
  reader_.seek(func.body);
  reader_.leb_u32();
  if (!write)
    slots_ = std::max<u32>(module_.types[func.type].result_slots, module_.types[func.type].param_slots);
  read_locals();
  head();
  height_ = depth_ = label_count_ = settled_ = 0;
  for (u32 c = 0; c < 4; ++c) owner_[c] = nullptr, cached_[c] = -1;
  held_for_ = nullptr;
  held_slot_ = -1;
  live_ = true;
  in_ = {};
  in_.block = func.type;
  open(Op::block);
  // The function's own block has no parameters on the operand stack: they are locals.
  while (reader_.ok() && depth_ != 0) {
    if (!live_) skip_dead_code();
    while (height_ - settled_ > kMaxLazy) settle(stack_[settled_++]);
    read_instruction(reader_, in_);
    instruction();
  }
  emitter_.flush();
}

/// Reads on to the `else` or `end` that code can be reached behind.
void FunctionTranslator::skip_dead_code() {
  for (u32 nested = 0;;) {
    const u32 at = reader_.offset();
    read_instruction(reader_, in_);
    switch (static_cast<Op>(in_.op)) {
      case Op::block:
      case Op::loop:
      case Op::if_: ++nested; break;
      case Op::br_table:
        for (u32 i = 0; i <= in_.a; ++i) reader_.leb_u32();
        break;
      case Op::else_:
        if (nested == 0) return reader_.seek(at);
        break;
      case Op::end:
        if (nested == 0) return reader_.seek(at);
        --nested;
        break;
      default: break;
    }
  }
}

/// An instruction on v128.
void FunctionTranslator::wide() {
  const RegisterSimd* simd = register_simd();
  if (simd == nullptr) return too_large();
  simd->translate(*this);
}

void FunctionTranslator::instruction() {
  if (in_.op >= kFirstSimd) return wide();
  if (in_.op <= static_cast<u16>(Op::call_indirect) + 2) return control();
  operation();
}

}  // namespace pipit::wasm::reg
