#include "compiler/aot/module_lowering.h"

#include <llvm/IR/Constants.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#include "compiler/aot/function_lowering.h"
#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;
using native::Word;

namespace {

/// i, I, f, F, c, p of helpers.def.
llvm::Type* letter_type(char letter, LLVMContext& context) {
  switch (letter) {
    case 'i': return llvm::Type::getInt32Ty(context);
    case 'I': return llvm::Type::getInt64Ty(context);
    case 'f': return llvm::Type::getFloatTy(context);
    case 'F': return llvm::Type::getDoubleTy(context);
    default: return PointerType::getUnqual(context);
  }
}

constexpr const char* kHelperSignatures[] = {
#define HELPER(id, signature) signature,
#include "wasm/native/helpers.def"
#undef HELPER
};

FunctionType* helper_type(native::Helper helper, LLVMContext& context) {
  std::vector<llvm::Type*> params;
  const char* at = kHelperSignatures[static_cast<u8>(helper)];
  for (; *at != ':'; ++at) params.push_back(letter_type(*at, context));
  llvm::Type* result = at[1] == 0 ? llvm::Type::getVoidTy(context) : letter_type(at[1], context);
  return FunctionType::get(result, params, false);
}

}  // namespace

u32 result_slots(const wasm::ModuleImpl& module, u32 type) {
  u32 slots = 0;
  for (const u8 result : module.results(type)) slots += wasm::slots_of(result);
  return slots;
}

ModuleLowering::ModuleLowering(const wasm::ModuleImpl& module, const Options& options,
                               const Partition& partition, const Part& part, LLVMContext& context)
    : module_(module),
      options_(options),
      partition_(partition),
      part_(part),
      context_(context),
      llvm_(std::make_unique<llvm::Module>("module", context)),
      debug_(std::make_unique<DIBuilder>(*llvm_)),
      word_(llvm::Type::getIntNTy(context, options.target.row->pointer_bytes * 8)),
      pointer_(PointerType::getUnqual(context)),
      functions_(module.funcs.size()),
      entries_(module.types.size()) {
  debug_file_ = debug_->createFile("module.wasm", ".");
  debug_->createCompileUnit(DISourceLanguageName(dwarf::DW_LANG_C), debug_file_, "pipit aot", true, "", 0, "",
                            DICompileUnit::NoDebug);
  debug_type_ = debug_->createSubroutineType(debug_->getOrCreateTypeArray({}));
  llvm_->addModuleFlag(llvm::Module::Warning, "Debug Info Version", DEBUG_METADATA_VERSION);
  MDBuilder metadata(context);
  MDNode* root = metadata.createTBAARoot("pipit");
  constexpr const char* kKinds[] = {"memory", "word", "global", "table", "result"};
  for (usize i = 0; i < std::size(kKinds); ++i) {
    MDNode* node = metadata.createTBAAScalarTypeNode(kKinds[i], root);
    tags_[i] = metadata.createTBAAStructTagNode(node, node, 0);
  }
  unlikely_ = metadata.createUnlikelyBranchWeights();
  empty_ = MDNode::get(context, {});
}

llvm::Type* ModuleLowering::type(u8 value_type) const {
  switch (static_cast<wasm::ValType>(value_type)) {
    case wasm::ValType::i64: return llvm::Type::getInt64Ty(context_);
    case wasm::ValType::f32: return llvm::Type::getFloatTy(context_);
    case wasm::ValType::f64: return llvm::Type::getDoubleTy(context_);
    case wasm::ValType::v128: return FixedVectorType::get(llvm::Type::getInt64Ty(context_), 2);
    default: return llvm::Type::getInt32Ty(context_);  // i32, and references
  }
}

void ModuleLowering::set_attributes(Function& function) const {
  function.addFnAttr(Attribute::NoUnwind);
  // A call is a call: how deep the guest may recurse must not depend on what the optimiser makes of it.
  function.addFnAttr("disable-tail-calls", "true");
  function.addFnAttr("target-cpu", options_.target.cpu);
  if (!options_.target.features.empty()) function.addFnAttr("target-features", options_.target.features);
  function.addFnAttr("no-builtins");
  if (!options_.target.row->red_zone) function.addFnAttr(Attribute::NoRedZone);
  if (options_.effort == Effort::o0) {
    function.addFnAttr(Attribute::OptimizeNone);
    function.addFnAttr(Attribute::NoInline);
  }
}

DISubprogram* ModuleLowering::scope(u32 func) {
  return debug_->createFunction(debug_file_, "", "", debug_file_, module_.funcs[func].body, debug_type_,
                                module_.funcs[func].body, DINode::FlagZero, DISubprogram::SPFlagDefinition);
}

DebugLoc ModuleLowering::location(DISubprogram* scope, u32 offset) const {
  // Where nothing is merged no two need be found to be the same.
  return DebugLoc(part_.tier == Tier::quick ? DILocation::getDistinct(context_, offset, 0, scope)
                                            : DILocation::get(context_, offset, 0, scope));
}

/// A function that other parts may define or call.
Function* ModuleLowering::declare(u32 func, const char* prefix, FunctionType* type,
                                  CallingConv::ID convention) {
  Function* function = Function::Create(
      type, partition_.is_whole() ? GlobalValue::InternalLinkage : GlobalValue::ExternalLinkage,
      prefix + std::to_string(func), *llvm_);
  if (!partition_.is_whole()) function->setVisibility(GlobalValue::HiddenVisibility);
  function->setDSOLocal(true);
  function->setCallingConv(convention);
  function->getArg(0)->setName("context");
  if (attributes_.isEmpty()) {  // the same for all, and there are thousands
    set_attributes(*function);
    function->addParamAttr(0, Attribute::NoAlias);
    function->addParamAttr(0, Attribute::NonNull);
    function->addDereferenceableParamAttr(0, native::cells_offset(pointer_bytes()));
    attributes_ = function->getAttributes();
  }
  function->setAttributes(attributes_);
  return function;
}

Function* ModuleLowering::function(u32 index) {
  if (functions_[index] == nullptr)
    functions_[index] = declare(index, "f", own_type(module_.funcs[index].type), convention());
  return functions_[index];
}

GlobalVariable* ModuleLowering::declare_table(const char* name, u64 words) {
  if (GlobalVariable* table = llvm_->getNamedGlobal(name)) return table;
  auto* table = new GlobalVariable(*llvm_, ArrayType::get(llvm::Type::getInt32Ty(context_), words), true,
                                   GlobalValue::ExternalLinkage, nullptr, name);
  table->setVisibility(GlobalValue::HiddenVisibility);
  table->setDSOLocal(true);
  table->setAlignment(Align(8));
  return table;
}

GlobalVariable* ModuleLowering::function_table() {
  return declare_table("pna_functions", 2 * module_.funcs.size());
}

GlobalVariable* ModuleLowering::tail_table() { return declare_table("tail_functions", module_.funcs.size()); }

Constant* ModuleLowering::distance(Constant* to, Constant* from) const {
  Constant* difference =
      ConstantExpr::getSub(ConstantExpr::getPtrToInt(to, word_), ConstantExpr::getPtrToInt(from, word_));
  return word_->isIntegerTy(64) ? ConstantExpr::getTrunc(difference, llvm::Type::getInt32Ty(context_))
                                : difference;
}

void ModuleLowering::fill_table(GlobalVariable* table, const std::vector<Constant*>& rows) {
  table->setInitializer(ConstantArray::get(cast<ArrayType>(table->getValueType()), rows));
  appendToCompilerUsed(*llvm_, {table});  // not everything in the code refers to it
}

void ModuleLowering::make_tables() {
  llvm::Type* i32 = llvm::Type::getInt32Ty(context_);
  Constant* none = ConstantInt::get(i32, 0);
  GlobalVariable* functions = function_table();
  GlobalVariable* entries = declare_table("pna_entries", module_.types.size());
  GlobalVariable* tails = has_tail_convention() ? tail_table() : nullptr;
  std::vector<Constant*> function_rows, entry_rows, tail_rows;
  for (u32 i = 0; i < functions_.size(); ++i) {
    const bool exposed = partition_.exposed[i];
    function_rows.push_back(exposed ? distance(exposed_function(i), functions) : none);
    function_rows.push_back(ConstantInt::get(i32, module_.type_of(i).canonical));
    if (tails != nullptr) tail_rows.push_back(exposed ? distance(function(i), tails) : none);
  }
  for (u32 i = 0; i < module_.types.size(); ++i) {
    Function* entry = entries_[module_.types[i].canonical];
    entry_rows.push_back(entry == nullptr ? none : distance(entry, entries));
  }
  fill_table(functions, function_rows);
  fill_table(entries, entry_rows);
  if (tails != nullptr) fill_table(tails, tail_rows);
}

void ModuleLowering::keep_context(Function& function) {
  FunctionCallee marker =
      llvm_->getOrInsertFunction(kContextMarker, llvm::Type::getVoidTy(context_), pointer_);
  auto* declaration = cast<Function>(marker.getCallee());
  declaration->setOnlyAccessesInaccessibleMemory();
  declaration->setDoesNotThrow();
  declaration->addFnAttr(Attribute::WillReturn);
  BasicBlock& entry = function.getEntryBlock();
  Builder builder(&entry, entry.getFirstInsertionPt());
  builder.SetCurrentDebugLocation(location(function.getSubprogram(), function.getSubprogram()->getLine()));
  builder.CreateCall(marker, {function.getArg(0)});
}

Value* ModuleLowering::offset(Builder& builder, Value* base, u64 bytes) const {
  return bytes == 0 ? base : builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, bytes);
}

Value* ModuleLowering::word_address(Builder& builder, Value* context, Word word) const {
  return offset(builder, context, u64{static_cast<u8>(word)} * pointer_bytes());
}

LoadInst* ModuleLowering::invariant(LoadInst* load) const {
  load->setMetadata(LLVMContext::MD_invariant_load, empty_);
  return load;
}

Value* ModuleLowering::constant_word(Builder& builder, Value* context, Word word) const {
  llvm::Type* type = word == Word::ref_base || word == Word::stack_limit ? word_ : pointer_;
  LoadInst* load =
      builder.CreateAlignedLoad(type, word_address(builder, context, word), Align(pointer_bytes()));
  if (type == pointer_ && word != Word::callee) load->setMetadata(LLVMContext::MD_nonnull, empty_);
  // Addresses known to be multiples of 4 from here on take the FPU's own loads and stores, which must be
  // aligned on a Cortex-M4F. Behind guard pages every access stays as unaligned as Wasm has it (anchors.cpp
  // tells it by that).
  if (word == Word::memory && options_.target.checks == Checks::software)
    load->setMetadata(LLVMContext::MD_align,
                      MDNode::get(context_, ConstantAsMetadata::get(builder.getInt64(native::kMemoryAlign))));
  return word == Word::callee ? tag(load, Kind::word) : invariant(tag(load, Kind::word));
}

Value* ModuleLowering::global_address(Builder& builder, Value* context, u32 index) const {
  if (index >= module_.imported_globals)
    return offset(builder, context,
                  native::cells_offset(pointer_bytes()) +
                      u64{partition_.global_cells[index - module_.imported_globals]} * 8);
  Value* globals = constant_word(builder, context, Word::globals);
  return invariant(builder.CreateAlignedLoad(pointer_, offset(builder, globals, u64{index} * pointer_bytes()),
                                             Align(pointer_bytes())));
}

CallInst* ModuleLowering::call_helper(Builder& builder, Value* context, native::Helper helper,
                                      std::initializer_list<Value*> arguments) const {
  Value* helpers = constant_word(builder, context, Word::helpers);
  const u64 at = u64{static_cast<u8>(helper)} * pointer_bytes();
  Value* callee =
      invariant(builder.CreateAlignedLoad(pointer_, offset(builder, helpers, at), Align(pointer_bytes())));
  std::vector<Value*> all;
  const bool is_arithmetic = kHelperSignatures[static_cast<u8>(helper)][0] != 'c';
  if (!is_arithmetic) all.push_back(context);
  all.insert(all.end(), arguments.begin(), arguments.end());
  CallInst* call = builder.CreateCall(helper_type(helper, context_), callee, all);
  call->addFnAttr(Attribute::NoUnwind);
  if (is_arithmetic) {
    uses_arithmetic_ = true;
    call->setDoesNotAccessMemory();
    call->addFnAttr(Attribute::WillReturn);
  }
  if (helper == native::Helper::trap) call->setDoesNotReturn();
  return is_arithmetic ? call : apart(call);
}

/// One call for two would have the place of neither, nor their callers where those were inlined.
CallInst* ModuleLowering::apart(CallInst* call) const {
  if (part_.tier != Tier::quick) call->addFnAttr(Attribute::NoMerge);
  return call;
}

/// An imported function as native code calls it: packs the arguments into cells for the runtime.
void ModuleLowering::make_import_stub(u32 func) {
  const u32 type_index = module_.funcs[func].type;
  const wasm::TypeEntry& type_entry = module_.types[type_index];
  Function* function = this->function(func);
  Builder builder(BasicBlock::Create(context_, "", function));
  const u32 slots = std::max<u32>({type_entry.param_slots, type_entry.result_slots, 1});
  AllocaInst* values = builder.CreateAlloca(ArrayType::get(builder.getInt64Ty(), slots));
  values->setAlignment(Align(8));
  u64 at = 0;
  for (Value* argument : own_arguments(builder, *function, type_index)) {
    builder.CreateAlignedStore(argument, offset(builder, values, at), Align(8));
    at += argument->getType()->isVectorTy() ? 16 : 8;
  }
  call_helper(builder, function->getArg(0), native::Helper::call_import, {builder.getInt32(func), values});
  const wasm::TypeList results = module_.results(type_index);
  if (returns_value(type_index)) {
    builder.CreateRet(builder.CreateAlignedLoad(type(results[0]), values, Align(8)));
    return;
  }
  if (!results.empty()) {
    Value* to = constant_word(builder, function->getArg(0), Word::results);
    builder.CreateMemCpyInline(to, Align(8), values, Align(8),
                               builder.getInt32(result_slots(module_, type_index) * 8));
  }
  builder.CreateRetVoid();
}

/// void entry(context, code, values): calls `code` with the cells as arguments, leaves its results in them.
void ModuleLowering::make_entry_stub(u32 type_index) {
  if (entries_[type_index] != nullptr) return;
  llvm::Type* params[] = {pointer_, pointer_, pointer_};
  Function* entry = Function::Create(FunctionType::get(llvm::Type::getVoidTy(context_), params, false),
                                     GlobalValue::InternalLinkage, "e" + std::to_string(type_index), *llvm_);
  entries_[type_index] = entry;
  set_attributes(*entry);
  entry->getArg(0)->setName("context");
  Builder builder(BasicBlock::Create(context_, "", entry));
  Value* context = entry->getArg(0);
  Value* values = entry->getArg(2);
  std::vector<Value*> arguments = {context};
  u64 at = 0;
  for (const u8 param : module_.params(type_index)) {
    arguments.push_back(builder.CreateAlignedLoad(type(param), offset(builder, values, at), Align(8)));
    at += u64{8} * wasm::slots_of(param);
  }
  CallInst* call = builder.CreateCall(function_type(type_index), entry->getArg(1), arguments);
  const wasm::TypeList results = module_.results(type_index);
  if (results.size() == 1)
    builder.CreateAlignedStore(call, values, Align(8));
  else if (!results.empty())
    builder.CreateMemCpyInline(values, Align(8), constant_word(builder, context, Word::results), Align(8),
                               builder.getInt32(result_slots(module_, type_index) * 8));
  builder.CreateRetVoid();
}

void ModuleLowering::make_stubs() {
  for (u32 i = 0; i < module_.funcs.size(); ++i) {
    if (partition_.exposed[i]) make_entry_stub(module_.type_of(i).canonical);
    if (i < module_.imported_funcs) make_import_stub(i);
  }
}

std::unique_ptr<llvm::Module> ModuleLowering::run() {
  if (part_.has_tables) make_stubs();
  for (const u32 func : part_.functions) function(func);  // in their order
  for (const u32 func : part_.functions) FunctionLowering(*this, func).run();
  if (part_.has_tables) make_tables();
  debug_->finalize();
  return std::move(llvm_);
}

}  // namespace pipit::aot
