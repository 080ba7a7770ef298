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

ModuleLowering::ModuleLowering(const wasm::ModuleImpl& module, const Options& options, LLVMContext& context)
    : module_(module),
      options_(options),
      context_(context),
      llvm_(std::make_unique<llvm::Module>("module", context)),
      debug_(std::make_unique<DIBuilder>(*llvm_)),
      word_(llvm::Type::getIntNTy(context, options.target.row->pointer_bytes * 8)),
      pointer_(PointerType::getUnqual(context)),
      convention_(options.target.lacks(kNoTailCalls) ? CallingConv::C : CallingConv::Tail) {
  debug_file_ = debug_->createFile("module.wasm", ".");
  debug_->createCompileUnit(DISourceLanguageName(dwarf::DW_LANG_C), debug_file_, "pipit aot", true, "", 0, "",
                            DICompileUnit::LineTablesOnly);
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

FunctionType* ModuleLowering::function_type(u32 type_index) const {
  std::vector<llvm::Type*> params = {pointer_};
  for (const u8 param : module_.params(type_index)) params.push_back(type(param));
  const wasm::TypeList results = module_.results(type_index);
  llvm::Type* result = results.size() == 1 ? type(results[0]) : llvm::Type::getVoidTy(context_);
  return FunctionType::get(result, params, false);
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
  return DebugLoc(DILocation::get(context_, offset, 0, scope));
}

bool ModuleLowering::is_exposed(u32 func) const { return exposed_[func]; }

/// Functions that can be named from outside their direct callers: by a reference, an export, the start
/// section.
void ModuleLowering::mark_exposed() {
  exposed_.resize(module_.funcs.size());
  for (u32 i = 0; i < exposed_.size(); ++i) exposed_[i] = module_.is_declared(i) || i == module_.start;
  wasm::Reader reader(module_.code, module_.exports_at);
  for (u32 i = 0; i < module_.export_count; ++i) {
    const wasm::ExportEntry entry = wasm::read_export(reader);
    if (entry.kind == wasm::ExternKind::func) exposed_[entry.index] = true;
  }
}

void ModuleLowering::declare_functions() {
  functions_.reserve(module_.funcs.size());
  const u64 context_bytes = native::cells_offset(pointer_bytes());
  for (u32 i = 0; i < module_.funcs.size(); ++i) {
    Function* function = Function::Create(function_type(module_.funcs[i].type), GlobalValue::InternalLinkage,
                                          "f" + std::to_string(i), *llvm_);
    function->setCallingConv(convention_);
    set_attributes(*function);
    function->getArg(0)->setName("context");
    function->addParamAttr(0, Attribute::NoAlias);
    function->addParamAttr(0, Attribute::NonNull);
    function->addDereferenceableParamAttr(0, context_bytes);
    functions_.push_back(function);
  }
  llvm::Type* i32 = llvm::Type::getInt32Ty(context_);
  const auto table = [&](const char* name, u64 words) {
    auto* variable = new GlobalVariable(*llvm_, ArrayType::get(i32, words), true,
                                        GlobalValue::ExternalLinkage, nullptr, name);
    variable->setVisibility(GlobalValue::HiddenVisibility);
    variable->setAlignment(Align(8));
    return variable;
  };
  function_table_ = table("pna_functions", 2 * module_.funcs.size());
  entry_table_ = table("pna_entries", module_.types.size());
}

Constant* ModuleLowering::distance(Constant* to, Constant* from) const {
  Constant* difference =
      ConstantExpr::getSub(ConstantExpr::getPtrToInt(to, word_), ConstantExpr::getPtrToInt(from, word_));
  return word_->isIntegerTy(64) ? ConstantExpr::getTrunc(difference, llvm::Type::getInt32Ty(context_))
                                : difference;
}

void ModuleLowering::make_tables() {
  llvm::Type* i32 = llvm::Type::getInt32Ty(context_);
  Constant* none = ConstantInt::get(i32, 0);
  std::vector<Constant*> rows;
  for (u32 i = 0; i < functions_.size(); ++i) {
    rows.push_back(is_exposed(i) ? distance(functions_[i], function_table_) : none);
    rows.push_back(ConstantInt::get(i32, module_.type_of(i).canonical));
  }
  function_table_->setInitializer(ConstantArray::get(ArrayType::get(i32, rows.size()), rows));
  rows.clear();
  for (u32 i = 0; i < module_.types.size(); ++i) {
    Function* entry = entries_[module_.types[i].canonical];
    rows.push_back(entry == nullptr ? none : distance(entry, entry_table_));
  }
  entry_table_->setInitializer(ConstantArray::get(ArrayType::get(i32, rows.size()), rows));
  // Nothing in the code refers to the entries.
  GlobalValue* used[] = {function_table_, entry_table_};
  appendToCompilerUsed(*llvm_, used);
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
  return word == Word::callee ? tag(load, Kind::word) : invariant(tag(load, Kind::word));
}

Value* ModuleLowering::global_address(Builder& builder, Value* context, u32 index) const {
  if (index >= module_.imported_globals)
    return offset(
        builder, context,
        native::cells_offset(pointer_bytes()) + u64{global_cells_[index - module_.imported_globals]} * 8);
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
    call->setDoesNotAccessMemory();
    call->addFnAttr(Attribute::WillReturn);
  }
  if (helper == native::Helper::trap) call->setDoesNotReturn();
  return call;
}

/// An imported function as native code calls it: packs the arguments into cells for the runtime.
void ModuleLowering::make_import_stub(u32 func) {
  const u32 type_index = module_.funcs[func].type;
  const wasm::TypeEntry& type_entry = module_.types[type_index];
  Function* function = functions_[func];
  Builder builder(BasicBlock::Create(context_, "", function));
  const u32 slots = std::max<u32>({type_entry.param_slots, type_entry.result_slots, 1});
  AllocaInst* values = builder.CreateAlloca(ArrayType::get(builder.getInt64Ty(), slots));
  values->setAlignment(Align(8));
  u64 at = 0;
  u32 number = 1;
  for (const u8 param : module_.params(type_index)) {
    builder.CreateAlignedStore(function->getArg(number++), offset(builder, values, at), Align(8));
    at += u64{8} * wasm::slots_of(param);
  }
  call_helper(builder, function->getArg(0), native::Helper::call_import, {builder.getInt32(func), values});
  const wasm::TypeList results = module_.results(type_index);
  if (results.size() == 1) {
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
  call->setCallingConv(convention_);
  const wasm::TypeList results = module_.results(type_index);
  if (results.size() == 1)
    builder.CreateAlignedStore(call, values, Align(8));
  else if (!results.empty())
    builder.CreateMemCpyInline(values, Align(8), constant_word(builder, context, Word::results), Align(8),
                               builder.getInt32(result_slots(module_, type_index) * 8));
  builder.CreateRetVoid();
}

std::unique_ptr<llvm::Module> ModuleLowering::run() {
  u32 cells = 0;
  for (const wasm::GlobalType& global : module_.globals.subspan(module_.imported_globals)) {
    global_cells_.push_back(cells);
    cells += wasm::slots_of(global.type);
  }
  mark_exposed();
  declare_functions();
  entries_.resize(module_.types.size());
  const u32 count = static_cast<u32>(module_.funcs.size());
  for (u32 i = 0; i < count; ++i) {
    if (exposed_[i]) make_entry_stub(module_.type_of(i).canonical);
    if (i < module_.imported_funcs)
      make_import_stub(i);
    else
      FunctionLowering(*this, i).run();
    if (options_.progress && i % 256 == 0) options_.progress("lower", static_cast<double>(i) / count);
  }
  make_tables();
  debug_->finalize();
  return std::move(llvm_);
}

}  // namespace pipit::aot
