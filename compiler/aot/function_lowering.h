#pragma once
#include "compiler/aot/lower_simd.h"
#include "compiler/aot/module_lowering.h"
#include "wasm/instruction.h"

/// One function body: a single pass over validated instructions with the operand stack as LLVM values. Each
/// family of instructions is lowered in a file of its own.
namespace pipit::aot {

/// Operations on floats, in the order that f32 and f64 have them in.
enum class Float : u8 { abs, neg, ceil, floor, trunc, nearest, sqrt, add, sub, mul, div, min, max, copysign };

class FunctionLowering {
 public:
  FunctionLowering(ModuleLowering& module, u32 func);
  void run();

 private:
  /// A block, loop or if that is open.
  struct Label {
    wasm::Op op;
    wasm::TypeList params, results;
    usize height;             ///< operands below its parameters
    llvm::BasicBlock* end;    ///< what follows it
    llvm::BasicBlock* start;  ///< of a loop
    llvm::BasicBlock* other;  ///< where an if without a taken condition goes, until `else`
    std::vector<llvm::PHINode*> end_phis, start_phis;
    std::vector<llvm::Value*> if_params;
  };

  // control (lower_control.cpp)
  wasm::TypeList block_params(const wasm::Instruction& in) const;
  wasm::TypeList block_results(const wasm::Instruction& in) const;
  void control(const wasm::Instruction& in);
  void open(const wasm::Instruction& in);
  void otherwise();
  void close();
  void branch_to(u32 depth);
  llvm::BasicBlock* label_block(u32 depth);
  void add_incoming(u32 depth, llvm::BasicBlock* from);
  void branch_if(const wasm::Instruction& in);
  void branch_table(const wasm::Instruction& in);
  void branch_chain(llvm::Value* index, const std::vector<u32>& depths);
  void return_results(llvm::ArrayRef<llvm::Value*> values);
  void stop();
  void select();

  // calls (lower_call.cpp)
  void call(const wasm::Instruction& in);
  void call_indirect(const wasm::Instruction& in, bool tail);
  bool call_known(const wasm::Instruction& in);
  llvm::Value* code_at(llvm::Value* table, llvm::Type* row_type, llvm::Value* row);
  llvm::Value* resolve(const wasm::Instruction& in, llvm::Value* index);
  void tail_call(const wasm::Instruction& in);
  void finish_call(llvm::CallInst* call, u32 type);
  void finish_tail_call(llvm::CallInst* call);
  std::vector<llvm::Value*> pop_arguments(llvm::Value* context, u32 type);

  // the other families; false: not theirs
  bool variable(const wasm::Instruction& in);
  bool constant(const wasm::Instruction& in);
  bool integer(const wasm::Instruction& in);
  bool floating(const wasm::Instruction& in);
  bool conversion(const wasm::Instruction& in);
  bool memory(const wasm::Instruction& in);
  bool bulk(const wasm::Instruction& in);
  bool table(const wasm::Instruction& in);

  // SIMD (lower_simd.cpp)
  void simd(const wasm::Instruction& in);
  bool simd_lane(const wasm::Instruction& in, Vector what, Lanes lanes);
  bool simd_integer(Vector what, Lanes lanes);
  bool simd_binary(Vector what, Lanes lanes);
  bool simd_float(Vector what, Lanes lanes);
  bool simd_special(const wasm::Instruction& in);
  bool simd_conversion(const wasm::Instruction& in);
  bool simd_memory(const wasm::Instruction& in);
  /// Where there are no vectors: `compute` of each lane's scalars, whose results are the lanes of `to`.
  template <class Compute>
  llvm::Value* lane_by_lane(llvm::FixedVectorType* to, llvm::ArrayRef<llvm::Value*> operands,
                            Compute compute);
  bool simd_float_lanes(Vector what, Lanes lanes);
  bool simd_conversion_lanes(const wasm::Instruction& in);
  llvm::Value* swizzle(llvm::Value* x, llvm::Value* indices);
  llvm::Value* dot_add(llvm::Value* x, llvm::Value* y, llvm::Value* sum);
  llvm::Value* pop_vector(Lanes lanes);
  void push_vector(llvm::Value* value);

  // pieces of them
  void divide(u32 which, llvm::Type* type);
  llvm::Value* float_min_max(llvm::Value* a, llvm::Value* b, bool is_max);
  llvm::Value* float_operation(Float which, llvm::Value* x, llvm::Value* y);
  llvm::Value* float_arithmetic(Float which, llvm::Value* a, llvm::Value* b);
  llvm::Value* float_compare(llvm::CmpInst::Predicate predicate, llvm::Value* a, llvm::Value* b);
  llvm::Value* opaque(llvm::Value* value);
  llvm::Value* no_identity(llvm::Value* operand, bool is_product);
  void truncate(llvm::Type* to, bool is_signed, bool saturates);
  llvm::Value* to_integer(llvm::Value* value, llvm::Type* to, bool is_signed, bool saturates);
  llvm::Value* to_float(llvm::Value* value, llvm::Type* to, bool is_signed);
  llvm::Value* promote(llvm::Value* value);
  llvm::Value* demote(llvm::Value* value);
  void load(const wasm::Instruction& in, llvm::Type* stored, llvm::Type* loaded, bool is_signed);
  void store(const wasm::Instruction& in, llvm::Type* stored);
  /// Pops an index and yields the address of `size` bytes; traps where they do not lie in memory.
  llvm::Value* address(const wasm::Instruction& in, u32 size);
  void check_bounds(llvm::Value* index, u64 reach);
  llvm::Value* table_pointer(u32 index);
  llvm::Value* table_size(llvm::Value* table);
  llvm::Value* table_element(llvm::Value* table, llvm::Value* index);

  /// Goes on only if `bad` is false; else traps.
  void trap_if(llvm::Value* bad, wasm::TrapKind kind);
  llvm::Value* where(wasm::TrapKind kind = wasm::TrapKind::none);
  llvm::BasicBlock* new_block(const char* name = "");
  /// Jumps to the trap block from the block that is being filled.
  void add_trap_edge(llvm::BasicBlock* from, u32 where);

  void push(llvm::Value* value) { stack_.push_back(value); }
  llvm::Value* pop();
  llvm::Value* pop_bool();
  void push_bool(llvm::Value* bit) { push(b_.CreateZExt(bit, b_.getInt32Ty())); }
  llvm::Value* helper(wasm::native::Helper helper, std::initializer_list<llvm::Value*> arguments) {
    return m_.call_helper(b_, context_, helper, arguments);
  }
  void instruction(const wasm::Instruction& in);

  ModuleLowering& m_;
  const wasm::ModuleImpl& wasm_;
  const u32 func_;
  llvm::Function* const function_;
  llvm::Value* const context_;
  Builder b_;
  llvm::DISubprogram* scope_;
  wasm::Reader reader_;
  llvm::Value* memory_base_ = nullptr;
  u32 at_ = 0;  ///< offset of the instruction being lowered
  std::vector<llvm::Value*> stack_;
  std::vector<llvm::AllocaInst*> locals_;
  std::vector<Label> labels_;
  llvm::BasicBlock* trap_block_ = nullptr;
  llvm::PHINode* trap_where_ = nullptr;
  bool reachable_ = true;
  bool makes_calls_ = false;
  bool has_loops_ = false;
};

}  // namespace pipit::aot
