// Goes on with what another machine began: a checkpoint of the integer kernel, put into the board's memory
// from outside (its length, then its bytes), is restored and runs to its end.
#include <cstring>

#include "waiot/board.h"
#include "waiot/log.h"
#include "wasm/checkpoint.h"

namespace pipit::waiot {
namespace {

constexpr u8 kModule[] = {
#embed "integer-mix.small.wasm"
};

alignas(16) u8 g_arena[112 * 1024];

Result<u64> go_on(Bytes checkpoint) {
  Arena arena(g_arena);
  const wasm::ValidModule module = TRY(wasm::ValidModule::load(kModule, arena));
  const wasm::RegisterCode* const code = TRY(wasm::translate_in(module, arena));
  wasm::Instance* const instance = TRY(wasm::Instance::create(module, {},
                                                              {.engine = &wasm::kRegisterEngine,
                                                               .code = code,
                                                               .memory_bytes = PIPIT_CHECKPOINT_MEMORY,
                                                               .stack_bytes = PIPIT_CHECKPOINT_STACK},
                                                              arena));
  TRY(wasm::restore(*instance, checkpoint, arena));
  Line() << "wasm_resume: fuel used before " << instance->fuel_used();
  if (instance->resume() != wasm::RunState::finished)
    return Error{Code::internal, "the kernel did not finish"};
  Line() << "wasm_resume: fuel used " << instance->fuel_used();
  TRY(instance->start(TRY(module.exported_function("kernel_checksum"))));
  if (instance->resume() != wasm::RunState::finished) return Error{Code::internal, "no checksum"};
  return instance->results()[0].u64_;
}

}  // namespace
}  // namespace pipit::waiot

int main() {
  using namespace pipit;
  waiot::board::init();
  const u8* const at = reinterpret_cast<const u8*>(PIPIT_CHECKPOINT_AT);
  u32 length;
  std::memcpy(&length, at, sizeof length);
  const auto checksum = waiot::go_on({at + sizeof length, length});
  if (checksum.ok())
    waiot::Line() << "wasm_resume: checksum " << *checksum;
  else
    waiot::Line() << "wasm_resume: failed: " << checksum.error();
  waiot::Line() << "wasm_resume: done";
  for (;;) waiot::board::idle();
}
