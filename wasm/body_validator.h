#pragma once
#include "wasm/instruction.h"
#include "wasm/module_impl.h"
#include "wasm/side_table.h"

/// Validation of function bodies, in two files: validate.cpp types instructions, validate_control.cpp nests
/// blocks. What engines in place need to know of branches goes to the side table (side_table.h).
namespace pipit::wasm {

constexpr u8 kUnknown = 0;  ///< the type of an operand that unreachable code conjures up
constexpr u8 kI32 = 0x7F;
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
  u32 start;      ///< loops: offset a branch goes to; what follows is the side table's
  u32 side;       ///< loops: side-table index there
  u32 branches;   ///< others: last entry + 1 of the chain that waits for `end`
  u32 condition;  ///< `if`: its entry + 1, waiting for `else` or `end`
};

/// Checks one function after another; the arena lends its stacks.
class BodyValidator {
 public:
  BodyValidator(ModuleImpl& module, Arena& arena, const Limits& limits, Reader& reader)
      : module_(module), arena_(arena), limits_(limits), reader_(reader) {}

  /// The stacks; false when the arena is too small.
  bool allocate(const BodyNeeds& needs);
  void run(u32 func);

 private:
  friend struct SideTableMaker;

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
  void select(u8 type);
  /// Type of a table's elements as operands, which always may be null.
  u8 operand_type(u32 table) const {
    const u8 type = module_.tables[table].type;
    return type == kNonNullFuncRef ? kFuncRef : type;
  }
  u8 stored_type(u32 table) {
    const u8 type = module_.tables[table].type;
    if (type == kNonNullFuncRef) fail(Rule::function_references_not_supported);
    return type;
  }

  void fail(Rule rule) { reader_.fail_at(at_, rule); }
  void mismatch() { fail(Rule::type_mismatch); }

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
  void note(SideEvent event, ControlFrame& frame, u32 slots = 0);

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

}  // namespace pipit::wasm
