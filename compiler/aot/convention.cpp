// How functions call each other. References are called by the C convention everywhere: they may lead into
// another module. Within a module with tail calls a callee's arguments must fit where the caller's were.
// LLVM's tailcc makes room for them; where a target lacks it, all functions have one prototype: the context,
// as many words as registers hold, and what is left over travels in the cells of results, which the callee
// reads before anything else can write there.
#include <llvm/IR/Constants.h>

#include "compiler/aot/module_lowering.h"

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;

namespace {

/// How many words of arguments registers hold; 0: LLVM's conventions say it.
u32 words_held(const Partition& partition, const Options& options) {
  return partition.has_tail_calls ? options.target.row->tail_words : 0;
}

u32 words_of(const llvm::Type* type) {
  return static_cast<u32>((type->getPrimitiveSizeInBits().getFixedValue() + 31) / 32);
}

/// A value as words of 32 bits, the lowest first.
void split(Builder& b, Value* value, std::vector<Value*>& out) {
  const u32 count = words_of(value->getType());
  if (count == 1) {
    out.push_back(b.CreateBitCast(value, b.getInt32Ty()));
    return;
  }
  if (value->getType()->isVectorTy()) {
    Value* lanes = b.CreateBitCast(value, FixedVectorType::get(b.getInt32Ty(), count));
    for (u64 i = 0; i < count; ++i) out.push_back(b.CreateExtractElement(lanes, i));
    return;
  }
  Value* bits = b.CreateBitCast(value, b.getInt64Ty());
  out.push_back(b.CreateTrunc(bits, b.getInt32Ty()));
  out.push_back(b.CreateTrunc(b.CreateLShr(bits, 32), b.getInt32Ty()));
}

Value* join(Builder& b, ArrayRef<Value*> words, llvm::Type* type) {
  if (words.size() == 1) return b.CreateBitCast(words[0], type);
  if (type->isVectorTy()) {
    Value* lanes = PoisonValue::get(FixedVectorType::get(b.getInt32Ty(), static_cast<u32>(words.size())));
    for (u64 i = 0; i < words.size(); ++i) lanes = b.CreateInsertElement(lanes, words[i], i);
    return b.CreateBitCast(lanes, type);
  }
  Value* high = b.CreateShl(b.CreateZExt(words[1], b.getInt64Ty()), 32);
  return b.CreateBitCast(b.CreateOr(b.CreateZExt(words[0], b.getInt64Ty()), high), type);
}

}  // namespace

u32 cells_of_calls(const wasm::ModuleImpl& module, const Partition& partition, const Options& options) {
  const u32 held = words_held(partition, options);
  u32 cells = 0;
  for (u32 i = 0; i < module.types.size(); ++i) {
    u32 words = 0;
    for (const u8 param : module.params(i)) {
      const auto type = static_cast<wasm::ValType>(param);
      const bool is_wide = type == wasm::ValType::i64 || type == wasm::ValType::f64;
      words += param == wasm::kV128 ? 4 : is_wide ? 2 : 1;
    }
    cells = std::max<u32>(cells, module.types[i].result_slots);
    if (held != 0 && words > held) cells = std::max(cells, (words - held + 1) / 2);
  }
  return cells;
}

bool ModuleLowering::has_tail_convention() const { return partition_.has_tail_calls; }
u32 ModuleLowering::argument_words() const { return words_held(partition_, options_); }

CallingConv::ID ModuleLowering::convention() const {
  return has_tail_convention() && argument_words() == 0 ? CallingConv::Tail : CallingConv::C;
}

FunctionType* ModuleLowering::function_type(u32 type_index) const {
  std::vector<llvm::Type*> params = {pointer_};
  for (const u8 param : module_.params(type_index)) params.push_back(type(param));
  const wasm::TypeList results = module_.results(type_index);
  llvm::Type* result = results.size() == 1 ? type(results[0]) : llvm::Type::getVoidTy(context_);
  return FunctionType::get(result, params, false);
}

/// Registers hold no vector that is returned.
bool ModuleLowering::returns_value(u32 type_index) const {
  const wasm::TypeList results = module_.results(type_index);
  return results.size() == 1 && (argument_words() == 0 || !type(results[0])->isVectorTy());
}

FunctionType* ModuleLowering::own_type(u32 type_index) const {
  if (argument_words() == 0) return function_type(type_index);
  std::vector<llvm::Type*> params(argument_words() + 1, llvm::Type::getInt32Ty(context_));
  params[0] = pointer_;
  llvm::Type* result =
      returns_value(type_index) ? type(module_.results(type_index)[0]) : llvm::Type::getVoidTy(context_);
  return FunctionType::get(result, params, false);
}

CallInst* ModuleLowering::call_own(Builder& b, Value* code, u32 type_index,
                                   ArrayRef<Value*> arguments) const {
  std::vector<Value*> all(arguments.begin(), arguments.end());
  if (const u32 held = argument_words(); held != 0) {
    std::vector<Value*> words;
    for (Value* argument : arguments.drop_front()) split(b, argument, words);
    all.resize(1);
    for (usize i = 0; i < held; ++i)
      all.push_back(i < words.size() ? words[i] : PoisonValue::get(b.getInt32Ty()));
    Value* cells = words.size() > held ? constant_word(b, all[0], native::Word::results) : nullptr;
    for (usize i = held; i < words.size(); ++i)
      tag(b.CreateAlignedStore(words[i], offset(b, cells, 4 * (i - held)), Align(4)), Kind::result);
  }
  CallInst* call = b.CreateCall(own_type(type_index), code, all);
  call->setCallingConv(convention());
  return apart(call);
}

std::vector<Value*> ModuleLowering::own_arguments(Builder& b, Function& function, u32 type_index) const {
  std::vector<Value*> values;
  if (const u32 held = argument_words(); held != 0) {
    Value* cells = nullptr;
    u32 at = 0;
    const auto word = [&]() -> Value* {
      const u32 number = at++;
      if (number < held) return function.getArg(number + 1);
      if (cells == nullptr) cells = constant_word(b, function.getArg(0), native::Word::results);
      return tag(b.CreateAlignedLoad(b.getInt32Ty(), offset(b, cells, u64{4} * (number - held)), Align(4)),
                 Kind::result);
    };
    for (const u8 param : module_.params(type_index)) {
      std::vector<Value*> words;
      for (u32 left = words_of(type(param)); left != 0; --left) words.push_back(word());
      values.push_back(join(b, words, type(param)));
    }
    return values;
  }
  for (Argument& argument : drop_begin(function.args())) values.push_back(&argument);
  return values;
}

/// A function as references to it are called.
Function* ModuleLowering::exposed_function(u32 func) {
  if (!has_tail_convention()) return function(func);
  const u32 type_index = module_.funcs[func].type;
  Function* outer = declare(func, "c", function_type(type_index), CallingConv::C);
  Builder b(BasicBlock::Create(context_, "", outer));
  std::vector<Value*> arguments;
  for (Argument& argument : outer->args()) arguments.push_back(&argument);
  CallInst* call = call_own(b, function(func), type_index, arguments);
  if (outer->getReturnType()->isVoidTy()) {
    b.CreateRetVoid();
  } else if (returns_value(type_index)) {
    b.CreateRet(call);
  } else {
    Value* cells = constant_word(b, arguments[0], native::Word::results);
    b.CreateRet(tag(b.CreateAlignedLoad(outer->getReturnType(), cells, Align(8)), Kind::result));
  }
  return outer;
}

}  // namespace pipit::aot
