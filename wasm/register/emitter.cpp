#include "wasm/register/emitter.h"

namespace pipit::wasm::reg {

namespace {

struct Pair {
  Code first, second;
};
constexpr Pair kPairs[] = {
#define R(id, form)
#define N(id)
#define P(first, second) {Code::first, Code::second},
#include "wasm/register/instructions.def"
#undef R
#undef N
#undef P
};
constexpr Code kFirstPair = Code::copy32_then_back;

/// The instruction that does the work of both; count_ when there is none.
Code pair_of(Code first, Code second) {
  for (u32 i = 0; i < sizeof kPairs / sizeof kPairs[0]; ++i)
    if (kPairs[i].first == first && kPairs[i].second == second) return kFirstPair + i;
  return Code::count_;
}

/// Whether it accesses memory, and so may trap: at most one of a pair does.
bool is_access(Code code) { return code >= Code::load_s_a && code < Code::far_s; }

}  // namespace

void Emitter::begin(u32* labels, bool write) {
  labels_ = labels;
  write_ = write;
  position_ = 0;
  last_.code = staged_.code = Code::count_;
}

void Emitter::drain() {
  if (buffered_ != 0 && ok_) ok_ = sink_.write(sink_.context, {buffer_, buffered_});
  buffered_ = 0;
}

void Emitter::append(u64 value, u32 count) {
  position_ += count;
  if (!write_) return;
  written_ += count;
  if (buffered_ + count > sizeof buffer_) drain();
  for (; count != 0; --count, value >>= 8) buffer_[buffered_++] = static_cast<u8>(value);
}

/// FNV-1a.
void Emitter::hash(u64 value, u32 count) {
  for (; write_ && count != 0; --count, value >>= 8) shape_ = (shape_ ^ static_cast<u8>(value)) * 0x0100'0193;
}

void Emitter::bytes(u64 value, u32 count) {
  hash(value, count);
  append(value, count);
}

void Emitter::mark_loop() {
  if (!write_ && visitor_ != nullptr && visitor_->loop != nullptr)
    visitor_->loop(visitor_->context, position_);
}

void Emitter::block(const u8* from) {
  for (u32 i = 0; i < 16; ++i) bytes(from[i], 1);
}

void Emitter::raw16(u32 value) { bytes(value, 2); }
void Emitter::raw32(u32 value) { bytes(value, 4); }

void Emitter::jump(u32 label, u32 origin, bool far) {
  const i32 distance = (static_cast<i32>(labels_[label]) - static_cast<i32>(origin)) / 2;
  bytes(static_cast<u32>(distance), far ? 4 : 2);
}

void Emitter::displacement(u32 label, u32 origin, bool far) {
  flush();
  jump(label, origin, far);
}

void Emitter::bind(u32 label) {
  flush();
  if (!write_) labels_[label] = position_;
}

void Emitter::put(const RegisterInstruction& instruction) {
  hold(instruction);
  finish();
}

void Emitter::hold(const RegisterInstruction& instruction) {
  finish();
  last_ = instruction;
}

void Emitter::finish() {
  if (last_.code == Code::count_) return;
  if (last_.has_step) {  // nothing has swallowed it
    RegisterInstruction step;
    step.code = Code::add_si_d;
    step.form = Form::si_d;
    step.rd = last_.step_rd;
    step.ra = last_.step_ra;
    step.imm = last_.step_imm;
    stage(step);
    last_.has_step = false;
  }
  stage(last_);
  last_.code = Code::count_;
}

void Emitter::stage(const RegisterInstruction& in) {
  const Code both = staged_.code == Code::count_ ? Code::count_ : pair_of(staged_.code, in.code);
  if (both != Code::count_) {
    write(&staged_, &in, both);
    staged_.code = Code::count_;
    return;
  }
  if (staged_.code != Code::count_) write(nullptr, &staged_, staged_.code);
  staged_ = in;
}

void Emitter::flush() {
  finish();
  if (staged_.code != Code::count_) write(nullptr, &staged_, staged_.code);
  staged_.code = Code::count_;
}

/// One instruction, or both of a pair.
void Emitter::write(const RegisterInstruction* first, const RegisterInstruction* second, Code code) {
  const u32 origin = position_;
  hash(static_cast<u32>(code), 2);
  append(handler_code(code), 2);
  operands(*second, origin);
  if (first != nullptr) operands(*first, origin);
  const RegisterInstruction& shown = first != nullptr && is_access(first->code) ? *first : *second;
  if (!write_ && visitor_ != nullptr) visitor_->instruction(visitor_->context, shown, origin, position_);
}

void Emitter::operands(const RegisterInstruction& in, u32 origin) {
  const u32 label = static_cast<u32>(in.target);
  const u32 ra = in.ra, rd = in.rd, da = rd | ra << 8, ab = ra | u32{in.rb} << 8;
  switch (in.form) {
    case Form::none:
    case Form::a: break;
    case Form::s: bytes(ra, 2); break;
    case Form::s_d: bytes(da, 2); break;
    case Form::a_d: bytes(rd, 2); break;
    case Form::ss: bytes(ab, 2); break;
    case Form::as: bytes(in.rb, 2); break;
    case Form::si:
    case Form::mem_s: bytes(ra | (in.imm & 0xFFFF) << 16, 4); break;
    case Form::ai:
    case Form::mem_a: bytes(in.imm, 2); break;
    case Form::ss_d: bytes(da | u32{in.rb} << 16, 4); break;
    case Form::pair: break;  // written as two
    case Form::num: {
      const u32 number = in.rc != 0 ? in.rc : static_cast<u32>(in.code) - static_cast<u32>(kFirstNumeric);
      bytes(da | u32{in.rb} << 16 | number << 24, 4);
      break;
    }
    case Form::as_d: bytes(rd | u32{in.rb} << 8, 2); break;
    case Form::si_d:
    case Form::mem_s_d: bytes(da | (in.imm & 0xFFFF) << 16, 4); break;
    case Form::ai_d:
    case Form::mem_a_d: bytes(rd | (in.imm & 0xFFFF) << 16, 4); break;
    case Form::mem_w:
    case Form::far_s: bytes(ra, 2), bytes(in.imm, 4); break;
    case Form::mem_w_d: bytes(da, 2), bytes(in.imm, 4); break;
    case Form::far_a:
    case Form::const32: bytes(in.imm, 4); break;
    case Form::br_ss: jump(label, origin, false), bytes(ab, 2); break;
    case Form::br_as: jump(label, origin, false), bytes(in.rb, 2); break;
    case Form::br_si: jump(label, origin, false), bytes(ra | (in.imm & 0xFFFF) << 16, 4); break;
    case Form::br_ai: jump(label, origin, false), bytes(in.imm, 2); break;
    case Form::step_i: jump(label, origin, false), bytes(da, 2), bytes(in.imm, 4); break;
    case Form::step_s: jump(label, origin, false), bytes(da | u32{in.rb} << 16, 4), bytes(in.imm, 2); break;
    case Form::br: jump(label, origin, false); break;
    case Form::br_far: jump(label, origin, true); break;
    case Form::u16x4:
    case Form::const64: bytes(in.imm, 8); break;
    case Form::const32_d: bytes(rd, 2), bytes(in.imm, 4); break;
    case Form::const64_d: bytes(rd, 2), bytes(in.imm, 8); break;
    case Form::select_s: bytes(da | u32{in.rb} << 16 | u32{in.rc} << 24, 4); break;
    case Form::table:
    case Form::table_far: bytes(ra | (in.imm & 0xFFFF) << 16, 4); break;
    case Form::far_copy:
    case Form::u16x2:
    case Form::call: bytes(in.imm, 4); break;  // u16 fields, the first one lowest
    case Form::u16x3:
    case Form::call_far: bytes(in.imm, 6); break;
    case Form::mem_lane: bytes(da | u32{in.rb} << 16 | u32{in.rc} << 24, 4), bytes(in.imm, 4); break;
    case Form::shuffle: bytes(da | u32{in.rb} << 16, 4), block(in.bytes); break;
    case Form::const128_d: bytes(rd, 2), block(in.bytes); break;
  }
}

}  // namespace pipit::wasm::reg
