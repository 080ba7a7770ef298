// Decoder and validator on any bytes: nothing is read outside them, no more memory taken than
// load_arena_bytes() says, an error leaves nothing behind and points into the module.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "wasm/module_impl.h"

namespace pipit::wasm {

static void expect(bool holds) {
  if (!holds) std::abort();
}

static void check(Bytes code) {
  const Limits limits = {.max_locals = 5'000};
  const usize bytes = load_arena_bytes(code.size(), limits);
  const auto memory = std::make_unique<u8[]>(bytes);
  Arena arena({memory.get(), bytes});
  const auto module = ValidModule::load(code, arena, limits);
  if (!module.ok()) {
    expect(arena.used() == 0 && module.error().code != Code::out_of_memory &&
           module.error().message != nullptr);
    expect(module.error().code == Code::out_of_range || module.error().where <= code.size());
    return;
  }
  const ModuleImpl& impl = module->impl();
  for (u32 i = 0; i < module->import_count(); ++i)
    expect(module->import(i).name.data() >= as_text(code).data());
  for (u32 func = 0; func < impl.funcs.size() && func < 8; ++func) module->function_name(func);
  for (const SideEntry& entry : impl.side) expect(entry.carry() <= SideEntry::kMaxCarry);
}

}  // namespace pipit::wasm

extern "C" int LLVMFuzzerTestOneInput(const pipit::u8* data, pipit::usize size) {
  // A copy of just these bytes, so that the sanitizer sees their end.
  const auto copy = std::make_unique<pipit::u8[]>(size);
  std::copy_n(data, size, copy.get());
  pipit::wasm::check({copy.get(), size});
  return 0;
}
