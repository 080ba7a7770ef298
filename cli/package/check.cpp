#include <algorithm>
#include <cstdlib>
#include <memory>

#include "cli/package/build.h"
#include "wasi/context.h"
#include "wasm/linker.h"

namespace pipit::package {

using support::Error;
using support::Result;

namespace {

/// The module linked as a device would, and what that shows.
struct Linked {
  u32 memory_bytes = 0;
  u32 heap_base = 0;
};

/// Room for the instance beside its memory, and more than any module can ask for.
constexpr usize kInstanceBytes = usize{1} << 20, kMostBytes = usize{1} << 33;

Result<Linked> link(const wasm::ValidModule& module, u32 memory_bytes, usize arena_bytes = kInstanceBytes) {
  // Fresh pages, touched only where the module has data: what a module declares costs nothing here.
  const std::unique_ptr<u8, decltype(&std::free)> storage(static_cast<u8*>(std::calloc(arena_bytes, 1)),
                                                          std::free);
  if (storage == nullptr)
    return Error(Code::out_of_memory,
                 "no " + std::to_string(arena_bytes >> 20) + " MB for the module's memory");
  Arena arena(MutBytes(storage.get(), arena_bytes));
  wasi::Context context;
  const wasi::HostTables tables(context);
  auto instance = wasm::Instance::create(module, tables.span(),
                                         {.memory_bytes = memory_bytes, .zeroed_arena = true}, arena);
  if (!instance.ok() && instance.error().code == Code::out_of_memory && arena.wanted() > arena_bytes &&
      arena.wanted() < kMostBytes)
    return link(module, memory_bytes, arena.wanted() + kInstanceBytes);
  if (instance.ok()) {
    Linked linked{.memory_bytes = static_cast<u32>((*instance)->memory().size())};
    const auto base = wasm::find_export(**instance, "__heap_base");
    if (base.ok() && base->kind == wasm::ExternKind::global)
      linked.heap_base = wasm::global_value(*base).front().u32_;
    return linked;
  }
  const pipit::Error error = instance.error();
  if (error.where < module.import_count()) {
    const auto import = module.import(error.where);
    const std::string name = std::string(import.module) + "." + std::string(import.name);
    return Error(error.code, "import " + name + ": " + error.message);
  }
  return Error(error);
}

/// Memory as declared must hold what is asked for, and that the stack and data.
support::Status check_memory(const Linked& linked, u32 memory_bytes) {
  if (linked.memory_bytes == 0) return Error(Code::invalid_argument, "the module declares no memory");
  if (linked.memory_bytes < memory_bytes)
    return Error(Code::invalid_argument, "the module declares " +
                                             std::to_string(linked.memory_bytes / 65'536) +
                                             " pages, less than the memory asked for");
  if (linked.heap_base > memory_bytes)
    return Error(Code::out_of_memory, "stack and data take " + std::to_string(linked.heap_base) +
                                          " bytes, memory is " + std::to_string(memory_bytes) +
                                          "; raise `memory` in pipit.yaml or shrink the data");
  return {};
}

}  // namespace

Result<ModuleFacts> check_module(Bytes bytes, u32 memory_bytes) {
  // What validation keeps is a fraction of the module; a page more suits the smallest.
  std::vector<u8> storage(bytes.size() * 16 + 65'536);
  Arena arena(storage);
  const auto module = wasm::ValidModule::load(bytes, arena);
  if (!module.ok()) return Error(module.error()).in("the module does not validate");

  ModuleFacts facts;
  for (u32 i = 0; i < module->import_count(); ++i) {
    const auto import = module->import(i);
    const std::string name = std::string(import.module) + "." + std::string(import.name);
    if (!wasi::offers(import.module, import.name))
      return Error(Code::not_found,
                   "import " + name + ": no platform offers it; is a function declared but not defined?");
    facts.imports.push_back(name);
  }
  std::ranges::sort(facts.imports);
  const auto repeated = std::ranges::unique(facts.imports);
  facts.imports.erase(repeated.begin(), repeated.end());
  if (!module->exported_function("_start").ok())
    return Error(Code::invalid_argument, "the module exports no function _start: has it a main()?");

  const Linked declared = TRY(link(*module, 0));
  TRY(check_memory(declared, memory_bytes));
  facts.static_bytes = declared.heap_base;
  TRY(link(*module, memory_bytes));
  return facts;
}

}  // namespace pipit::package
