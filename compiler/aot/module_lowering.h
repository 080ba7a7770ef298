#pragma once
#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <vector>

#include "compiler/aot/partition.h"
#include "wasm/native/abi.h"

/// The LLVM module that a part of a Wasm module becomes, and what all its functions share.
namespace pipit::aot {

using Builder = llvm::IRBuilder<>;

class ModuleLowering {
 public:
  ModuleLowering(const wasm::ModuleImpl& module, const Options& options, const Partition& partition,
                 const Part& part, llvm::LLVMContext& context);

  /// Lowers the bodies of the part, and adds stubs and tables to the one that has them.
  std::unique_ptr<llvm::Module> run();

  // Types.
  llvm::Type* type(u8 value_type) const;
  /// How a function of that type is called through a reference: the context, the parameters; one result is
  /// returned, several are left in the context's results.
  llvm::FunctionType* function_type(u32 type_index) const;
  llvm::Type* word_type() const { return word_; }
  llvm::Type* pointer_type() const { return pointer_; }
  u32 pointer_bytes() const { return options_.target.row->pointer_bytes; }

  /// The LLVM function of a Wasm function, imported or not: defined here, or declared as another part's.
  llvm::Function* function(u32 index);
  /// A pair a function: distance of the code that any instance may call, and the canonical type.
  llvm::GlobalVariable* function_table();
  /// Distances from itself to functions of this module in its own convention; of modules with tail calls.
  llvm::GlobalVariable* tail_table();
  const FixedTables& fixed_tables() const { return partition_.tables; }

  // How functions of this module call each other (convention.cpp).
  /// Whether otherwise than references to functions are called, which may be another module's.
  bool has_tail_convention() const;
  /// Calls a function of this module; `arguments` begin with the context.
  llvm::CallInst* call_own(Builder& builder, llvm::Value* code, u32 type_index,
                           llvm::ArrayRef<llvm::Value*> arguments) const;
  /// The parameters as `function` of this module receives them; to be read first of all.
  std::vector<llvm::Value*> own_arguments(Builder& builder, llvm::Function& function, u32 type_index) const;
  /// Whether the one result is returned; else all are left in the context's results.
  bool returns_value(u32 type_index) const;
  void set_attributes(llvm::Function& function) const;

  // Access to the context, and what the optimiser may assume about it.
  /// Loads a word that never changes.
  llvm::Value* constant_word(Builder& builder, llvm::Value* context, wasm::native::Word word) const;
  llvm::Value* word_address(Builder& builder, llvm::Value* context, wasm::native::Word word) const;
  llvm::Value* offset(Builder& builder, llvm::Value* base, u64 bytes) const;
  /// The cell of a global, and under which tag it is accessed.
  llvm::Value* global_address(Builder& builder, llvm::Value* context, u32 index) const;
  llvm::CallInst* call_helper(Builder& builder, llvm::Value* context, wasm::native::Helper helper,
                              std::initializer_list<llvm::Value*> arguments) const;
  /// Keeps LLVM from making one call of `call` and others.
  llvm::CallInst* apart(llvm::CallInst* call) const;
  /// A load of something that stays as it is while the instance lives.
  llvm::LoadInst* invariant(llvm::LoadInst* load) const;

  /// Disjoint kinds of memory (type-based alias analysis).
  enum class Kind : u8 { memory, word, global, table, result };
  template <class Access>
  Access* tag(Access* access, Kind kind) const {
    if (part_.tier != Tier::quick)
      access->setMetadata(llvm::LLVMContext::MD_tbaa, tags_[static_cast<u8>(kind)]);
    return access;
  }
  llvm::MDNode* unlikely() const { return unlikely_; }

  /// Marks a position for the trap table; `scope` is the function's.
  llvm::DebugLoc location(llvm::DISubprogram* scope, u32 offset) const;
  llvm::DISubprogram* scope(u32 func);
  /// See kContextMarker.
  void keep_context(llvm::Function& function);

  /// Whether the code asks for helpers that not every image has.
  bool uses_arithmetic() const { return uses_arithmetic_; }

  const wasm::ModuleImpl& wasm() const { return module_; }
  const Options& options() const { return options_; }
  const Part& part() const { return part_; }
  llvm::LLVMContext& context() const { return context_; }
  llvm::Module& llvm_module() const { return *llvm_; }

 private:
  u32 argument_words() const;
  llvm::CallingConv::ID convention() const;
  llvm::FunctionType* own_type(u32 type_index) const;
  llvm::Function* declare(u32 func, const char* prefix, llvm::FunctionType* type,
                          llvm::CallingConv::ID convention);
  llvm::GlobalVariable* declare_table(const char* name, u64 words);
  void make_stubs();
  void make_import_stub(u32 func);
  void make_entry_stub(u32 type);
  llvm::Function* exposed_function(u32 func);
  void make_tables();
  void fill_table(llvm::GlobalVariable* table, const std::vector<llvm::Constant*>& rows);
  llvm::Constant* distance(llvm::Constant* to, llvm::Constant* from) const;

  const wasm::ModuleImpl& module_;
  const Options& options_;
  const Partition& partition_;
  const Part& part_;
  llvm::LLVMContext& context_;
  std::unique_ptr<llvm::Module> llvm_;
  std::unique_ptr<llvm::DIBuilder> debug_;
  llvm::DIFile* debug_file_ = nullptr;
  llvm::DISubroutineType* debug_type_ = nullptr;
  llvm::Type* word_;
  llvm::Type* pointer_;
  llvm::AttributeList attributes_;  ///< of functions; empty until there is one
  mutable bool uses_arithmetic_ = false;
  std::vector<llvm::Function*> functions_;
  std::vector<llvm::Function*> entries_;
  llvm::MDNode* tags_[5];
  llvm::MDNode* unlikely_;
  llvm::MDNode* empty_;
};

/// The cells that calls use: those of the most results, and of what registers do not hold of arguments.
u32 cells_of_calls(const wasm::ModuleImpl& module, const Partition& partition, const Options& options);
/// Number of cells the results of a type take.
u32 result_slots(const wasm::ModuleImpl& module, u32 type);

}  // namespace pipit::aot
