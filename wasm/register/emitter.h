#pragma once
#include "wasm/register/forms.h"
#include "wasm/register/translate.h"

/// Writes register code, one instruction behind the translator: the last one waits, because what follows may
/// change where its result goes, or swallow it.
namespace pipit::wasm::reg {

/// An instruction before it is bytes. Unused operands are 0.
struct RegisterInstruction {
  Code code = Code::count_;  ///< count_: none
  Form form = Form::none;
  u8 rd = 0, ra = 0, rb = 0, rc = 0;
  u64 imm = 0;                    ///< immediate, offset or constant
  const u8* bytes = nullptr;      ///< 16 of them, of a SIMD immediate
  i32 target = -1;                ///< the label that a branch goes to
  u32 at = 0;                     ///< offset of the Wasm instruction it does the work of
  Code slot_code = Code::count_;  ///< the same with the result in slot rd, where there is one
  Form slot_form = Form::none;
};

/// Sees the instructions of a function whose positions are counted.
struct CodeVisitor {
  /// One from `at` up to `end` (a br_table's targets follow).
  void (*instruction)(void* context, const RegisterInstruction& instruction, u32 at, u32 end);
  /// Where branches back to a loop go; null when it does not matter.
  void (*loop)(void* context, u32 at);
  void* context;
};

class Emitter {
 public:
  Emitter(const CodeSink& sink) : sink_(sink) {}

  /// Begins a function. Without `write`, positions are counted and labels are set; with it, they are read.
  void begin(u32* labels, bool write);
  void put(const RegisterInstruction& instruction);
  /// Keeps it back until the next one; last() may be changed or withdrawn meanwhile.
  void hold(const RegisterInstruction& instruction);
  /// The instruction held back; its code is count_ where there is none.
  RegisterInstruction& last() { return last_; }
  bool holds() const { return last_.code != Code::count_; }
  void withdraw() { last_.code = Code::count_; }
  /// What is held back stays as it is; it may still become half of a pair.
  void finish();
  /// Writes all there is.
  void flush();

  void bind(u32 label);
  void raw16(u32 value);
  void raw32(u32 value);
  /// Behind a br_table: a displacement to `label` of the instruction at `origin`, of 16 or 32 bits.
  void displacement(u32 label, u32 origin, bool far);

  u32 position() const { return position_; }  ///< in the function; of the next instruction once flushed
  u32 written() const { return written_; }    ///< in all
  bool ok() const { return ok_; }
  /// Hands what is buffered to the sink.
  void drain();
  void show(const CodeVisitor& visitor) { visitor_ = &visitor; }
  /// A loop begins here: its label has just been bound.
  void mark_loop();
  /// A hash of all that was written, but for the build's handler codes: the same on every target.
  u32 shape() const { return shape_; }

 private:
  void append(u64 value, u32 count);
  void hash(u64 value, u32 count);
  void bytes(u64 value, u32 count);
  void stage(const RegisterInstruction& in);
  void write(const RegisterInstruction* first, const RegisterInstruction* second, Code code);
  void operands(const RegisterInstruction& in, u32 origin);
  void jump(u32 label, u32 origin, bool far);

  const CodeSink& sink_;
  RegisterInstruction last_;
  RegisterInstruction staged_;  ///< finished, and waiting for what follows; count_: none
  u32* labels_ = nullptr;
  u32 position_ = 0, written_ = 0, buffered_ = 0;
  u32 shape_ = 0x811C'9DC5;
  const CodeVisitor* visitor_ = nullptr;
  bool write_ = false, ok_ = true;
  u8 buffer_[256];
};

/// The handler's 16-bit code. SIMD's instructions follow the others' after a gap of one, by their numbers.
u16 handler_code(Code code);

}  // namespace pipit::wasm::reg
