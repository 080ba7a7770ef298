#include "wasm/register/emitter.h"

#include "wasm/register/simd.h"

namespace pipit::wasm::reg {

namespace {

constexpr Layout kLayouts[] = {
#define F(form, jump, names, imm, block) {names, jump, imm, block},
    PIPIT_FORMS(F)
#undef F
};

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
  return first > Code::count_ || second > Code::count_ ? register_simd()->pair(first, second) : Code::count_;
}

/// Whether it accesses memory, and so may trap: at most one of a pair does.
bool is_access(Code code) {
  return code > Code::count_ ? register_simd()->accesses(code) : code >= Code::load_s_a && code < Code::far_s;
}

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
  const Layout layout = kLayouts[static_cast<u32>(in.form)];
  if (layout.jump != 0) jump(static_cast<u32>(in.target), origin, layout.jump == 4);
  const u8 fields[] = {0, in.rd, in.ra, in.rb, in.rc};
  for (u32 names = layout.names; names != 0; names >>= 4) bytes(fields[names % 8], 1);
  bytes(in.imm, layout.imm);
  for (u32 i = 0; i < layout.block; ++i) bytes(in.bytes[i], 1);
}

}  // namespace pipit::wasm::reg
