#include <algorithm>

#include "cli/package/build.h"
#include "wasi/context.h"

namespace pipit::package {

using support::Error;
using support::Result;

namespace {

/// Links the module as a device would, with `memory_bytes` of memory; yields the bytes it got.
Result<u32> link(const wasm::ValidModule& module, u32 memory_bytes) {
  std::vector<u8> storage((usize{1} << 20) + std::max(memory_bytes, 65'536u) * usize{2});
  Arena arena(storage);
  wasi::Context context;
  const wasi::HostTables tables(context);
  auto instance = wasm::Instance::create(module, tables.span(), {.memory_bytes = memory_bytes}, arena);
  if (instance.ok()) return static_cast<u32>((*instance)->memory().size());
  const pipit::Error error = instance.error();
  if (error.where < module.import_count()) {
    const auto import = module.import(error.where);
    const std::string name = std::string(import.module) + "." + std::string(import.name);
    return Error(error.code, "import " + name + ": " + error.message);
  }
  return Error(error);
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

  const u32 declared = TRY(link(*module, 0));
  if (declared == 0) return Error(Code::invalid_argument, "the module declares no memory");
  if (declared < memory_bytes)
    return Error(Code::invalid_argument, "the module declares " + std::to_string(declared / 65'536) +
                                             " pages, less than the memory asked for");
  TRY(link(*module, memory_bytes));
  return facts;
}

}  // namespace pipit::package
