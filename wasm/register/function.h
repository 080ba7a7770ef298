#pragma once
#include "wasm/instruction.h"
#include "wasm/module_impl.h"
#include "wasm/register/emitter.h"

/// Translation of one function's body: Wasm's operand stack is followed at translation time, so that operands
/// that are locals, constants, sums with a constant, or still in an accumulator need no instruction of their
/// own.
namespace pipit::wasm::reg {

constexpr u8 kTypeI32 = 0x7F, kTypeI64 = 0x7E, kTypeF32 = 0x7D, kTypeF64 = 0x7C;

/// Where an operand is.
enum class Place : u8 {
  own,          ///< in the slot of its position on the operand stack
  slot,         ///< in another slot: a local that has not changed since
  sum,          ///< i32: a slot + imm, not computed yet
  accumulator,  ///< in the accumulator of its class, and nowhere else
  constant,     ///< i32, f32: imm; i64, f64: offset of the immediate in the module
};

struct Operand {
  Place place;
  u8 type;
  u16 own;   ///< slot of its position
  u16 slot;  ///< Place::slot and ::sum
  u32 imm;
};

struct Control {
  Op op;          ///< block, loop, if_, else_
  bool was_live;  ///< code before it could be reached
  i32 block;      ///< as in Instruction
  u32 block_at;
  u32 height;  ///< operands below the block's own
  u32 label;   ///< where branches to it go
  u32 else_label;
  bool is_targeted;  ///< something branches to `label`
};

struct Local {
  u8 type;
  u16 slot;
};

class FunctionTranslator {
 public:
  FunctionTranslator(const ModuleImpl& module, Emitter& emitter)
      : module_(module), reader_(module.code), emitter_(emitter) {}

  /// Looks the function over and takes memory for it; false when `scratch` is too small.
  bool prepare(u32 func, Arena& scratch);
  /// Goes over the body once: first without `write`, to find where its labels are and how many slots it
  /// needs, then with it.
  void run(bool write);
  /// Branches of 16 bits do not reach: run(false) again, with longer ones.
  void use_far_branches() { far_ = true; }
  Status status() const { return reader_.status(); }

 private:
  friend struct SimdTranslator;

  // function.cpp
  bool survey(Arena& scratch);
  void read_locals();
  void head();
  void skip_dead_code();
  void instruction();
  void wide();
  RegisterInstruction make(Code code, Form form) const;
  void put(Code code, Form form, u8 rd = 0, u8 ra = 0, u8 rb = 0, u64 imm = 0);
  void put(const RegisterInstruction& in);
  void hold(const RegisterInstruction& in);
  /// Something that register code has no field for.
  void too_large() { reader_.fail_at(in_.at, Rule::beyond_register_code); }

  // function_control.cpp
  void control();
  void open(Op op);
  void end();
  void else_branch();
  void branch(u32 depth);
  void branch_if();
  void branch_table();
  void return_from_top();
  void direct_call();
  void indirect_call();
  void call(u32 type, RegisterInstruction in, bool has_element, bool is_tail);
  void jump(const Control& target);
  void jump_if(Operand& condition, bool holds, u32 label, bool back);
  /// Whether a branch to `target` finds its operands where they have to be.
  bool in_place(const Control& target) const;
  void copy_down(const Control& target);
  void bind(u32 label);
  TypeList block_params(const Control& frame) const;
  TypeList block_results(const Control& frame) const;
  TypeList label_types(const Control& frame) const;

  // function_operation.cpp
  void operation();
  void simple(Code code, u16 op);
  void binary32(Code family, bool is_commutative);
  bool multiply_and_add(Operand& a, Operand& b, Code product, Code sum, u8 type);
  bool shift_and_mask(Operand& a, const Operand& mask);
  void extend32(Code family);
  void compare32(u32 relation, Operand& a, Operand& b);
  void binary_float(Code family, u32 c);
  void retype(u8 type);
  void select();
  void local_get();
  void local_set(bool keep);
  void global_get();
  void global_set();
  struct Address {
    u32 form;  ///< 0 slot, 1 accumulator, 2 slot + wrapping constant, 3 slot + slot
    u8 ra = 0, rb = 0;
    u32 imm = 0;
  };
  Address address(Operand& operand, bool allow_sum);
  void load();
  void store();
  void whole();
  void in_a_row(u32 pops, u32 x, u32 y, u8 result);

  // operands.cpp
  Operand& push(u8 type, Place place);
  Operand& pop();
  u16 next_slot() const;
  void push_types(TypeList types);
  /// The slot it is in, after putting it in its own if it is in none.
  u16 slot_of(Operand& operand);
  /// A slot that instructions can name: far ones are copied to scratch place `n`.
  u8 near(u16 slot, u32 n, u8 type = kTypeI64);
  u8 near_slot(Operand& operand, u32 n) { return near(slot_of(operand), n, operand.type); }
  void settle(Operand& operand);
  void settle_from(u32 first);
  /// Writes it to `slot`, wherever it is.
  void write_to(Operand& operand, u16 slot);
  void accumulator_to(u32 c, u16 slot, bool is_producer_held);
  void sum_to(const Operand& operand, u16 slot);
  void constant_to(const Operand& operand, u16 slot);
  void copy(u16 to, u16 from, u8 type);
  void copy_near(u8 to, u8 from, bool is_narrow);
  void to_accumulator(Operand& operand);
  bool in_accumulator(const Operand& operand) const;
  void consume(const Operand& operand);
  /// Makes sure that nothing is lost when class `c`'s accumulator changes.
  void claim(u32 c);
  void claim_all();
  void wrote(u16 slot);
  /// Gives what still reads `slot` a slot of its own before it changes.
  void settle_readers(u16 slot);
  /// Holds `in` back, whose result is pushed in the accumulator.
  void produce(const RegisterInstruction& in, u8 type);
  /// Emits `in`, whose result goes to the slot of the operand that is pushed.
  void produce_slot(RegisterInstruction in, u8 type);
  struct Pair {
    u32 form;  ///< 0 slot with slot, 1 accumulator with slot, 2 slot with immediate, 3 accumulator with
               ///< immediate
    u8 ra = 0, rb = 0;
    u32 imm = 0;
  };
  Pair pair(Operand& a, Operand& b, bool is_commutative);
  RegisterInstruction make_pair(Code family, const Pair& pair, bool is_commutative) const;
  u64 constant(const Operand& operand) const;

  const ModuleImpl& module_;
  Reader reader_;
  Emitter& emitter_;
  Instruction in_;
  u32 func_ = 0;
  Operand* stack_ = nullptr;
  Control* control_ = nullptr;
  Local* locals_ = nullptr;
  u32* labels_ = nullptr;
  u32 height_ = 0, depth_ = 0, local_count_ = 0, label_count_ = 0;
  u32 settled_ = 0;              ///< operands below are all Place::own
  Operand* owner_[4] = {};       ///< whose value is in the accumulator and nowhere else
  i32 cached_[4] = {};           ///< slot whose value is in the accumulator as well, or -1
  i32 cached_before_ = -1;       ///< cached_[0] before the comparison held back
  Operand* held_for_ = nullptr;  ///< operand whose value the instruction held back puts in an accumulator
  i32 held_slot_ = -1;           ///< slot that the instruction held back writes, if another would do as well
  u32 stack_base_ = 0, scratch_ = 0, zero_from_ = 0, zero_count_ = 0, shifted_ = 0;
  u32 slots_ = 0;  ///< most ever in use
  bool live_ = true, far_ = false, has_scratch_ = false;
};

/// Accumulator class of a type: 0 i32, 1 f32, 2 f64, 3 none.
constexpr u32 class_of(u8 type) {
  return type == kTypeI32 ? 0 : type == kTypeF32 ? 1 : type == kTypeF64 ? 2 : 3;
}
constexpr bool fits16(u32 value) { return static_cast<i32>(value) == static_cast<i16>(value); }

// Families of instructions.def: comparisons have twelve codes each, four forms as a value, a branch and a
// branch back.
constexpr u32 kCompareCodes = 12;
constexpr bool is_compare_value(Code code) {
  return code >= Code::eq_ss_a && code < Code::extend8_s_s_a &&
         (static_cast<u32>(code) - static_cast<u32>(Code::eq_ss_a)) % kCompareCodes < 4;
}

/// Shows a function's instructions to `visitor`; false when `scratch` is too small.
bool walk(const ModuleImpl& module, u32 func, const CodeVisitor& visitor, Arena& scratch);

}  // namespace pipit::wasm::reg
