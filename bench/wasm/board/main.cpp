// Counts the instructions of kernels on a board: native code, and the same kernels' modules in the engines.
#include "waiot/board.h"
#include "waiot/log.h"
#include "wasm/engine.h"
#include "wasm/linker.h"
#include "wasm/register/translate.h"

#define KERNEL(id, name)           \
  extern "C" void k_##id##_init(); \
  extern "C" void k_##id##_run();  \
  extern "C" pipit::u64 k_##id##_checksum();
#include "kernels.def"
#undef KERNEL

namespace pipit::waiot {
namespace {

struct Kernel {
  const char* name;
  void (*init)();
  void (*run)();
  u64 (*checksum)();
  Bytes module;
};

// #embed takes no macro: one array each, named by number.
constexpr u8 kIntegerMix[] = {
#embed "integer-mix.small.wasm"
};
constexpr u8 kInt8Conv[] = {
#embed "int8-conv.small.wasm"
};
constexpr u8 kInt8Dot[] = {
#embed "int8-dot.small.wasm"
};
constexpr u8 kFp32Matmul[] = {
#embed "fp32-matmul.small.wasm"
};
constexpr u8 kGemm[] = {
#embed "gemm.small.wasm"
};
constexpr u8 kJacobi[] = {
#embed "jacobi-2d.small.wasm"
};
#define NATIVE(id) k_##id##_init, k_##id##_run, k_##id##_checksum
const Kernel kKernels[] = {
    {"integer-mix", NATIVE(integer_mix), kIntegerMix},
    {"int8-conv", NATIVE(int8_conv), kInt8Conv},
    {"int8-dot", NATIVE(int8_dot), kInt8Dot},
    {"fp32-matmul", NATIVE(fp32_matmul), kFp32Matmul},
    {"gemm", NATIVE(gemm), kGemm},
    {"jacobi-2d", NATIVE(jacobi_2d), kJacobi},
};

alignas(16) u8 g_arena[96 * 1024];

/// Instructions of one run.
u64 count_native(const Kernel& kernel, u64& checksum) {
  kernel.init();
  const u64 start = board::clock().instructions();
  kernel.run();
  const u64 spent = board::clock().instructions() - start;
  checksum = kernel.checksum();
  return spent;
}

bool call(wasm::Instance& instance, const char* name) {
  auto func = instance.module().exported_function(name);
  return func.ok() && instance.start(*func).ok() && instance.resume() == wasm::RunState::finished;
}

struct Measurement {
  u64 spent = 0, checksum = 0, translation = 0;
  u32 code_bytes = 0, fixed_bytes = 0;
};

Result<Measurement> count_in(const wasm::Engine& engine, const Kernel& kernel) {
  Measurement out;
  Arena arena(g_arena);
  wasm::ValidModule module = TRY(wasm::ValidModule::load(kernel.module, arena));
  // The kernel's memory, as far as its data goes.
  wasm::InstanceConfig config{.engine = &engine, .memory_bytes = 24 * 1024, .stack_bytes = 1024};
  if (&engine == &wasm::kRegisterEngine) {
    const u64 start = board::clock().instructions();
    const wasm::RegisterCode* code = TRY(wasm::translate_in(module, arena));
    out.translation = board::clock().instructions() - start;
    out.code_bytes = code->code_bytes;
    config.code = code;
  }
  const usize before = arena.used();
  wasm::Instance* instance = TRY(wasm::Instance::create(module, {}, config, arena));
  out.fixed_bytes = static_cast<u32>(arena.used() - before - config.memory_bytes - config.stack_bytes);
  if (!call(*instance, "kernel_init")) return Error{Code::internal, "kernel_init trapped"};
  const u64 start = board::clock().instructions();
  if (!call(*instance, "kernel_run")) return Error{Code::internal, "kernel_run trapped"};
  out.spent = board::clock().instructions() - start;
  if (!call(*instance, "kernel_checksum")) return Error{Code::internal, "kernel_checksum trapped"};
  out.checksum = instance->results()[0].u64_;
  return out;
}

void report(const Kernel& kernel) {
  u64 checksum = 0;
  const u64 native = count_native(kernel, checksum);
  Line() << kernel.name << " native " << native << " module bytes " << static_cast<u32>(kernel.module.size());
  for (const wasm::Engine* engine : {&wasm::kInPlaceEngine, &wasm::kRegisterEngine}) {
    auto measured = count_in(*engine, kernel);
    if (!measured.ok()) {
      Line() << kernel.name << " " << engine->name << " failed: " << measured.error();
      continue;
    }
    const u64 ratio = measured->spent * 100 / native;
    Line() << kernel.name << " " << engine->name << " " << measured->spent << " ratio " << ratio / 100 << "."
           << ratio / 10 % 10 << ratio % 10 << " code bytes " << measured->code_bytes << " instance bytes "
           << measured->fixed_bytes << " translation " << measured->translation
           << (measured->checksum == checksum ? "" : " WRONG CHECKSUM");
  }
}

}  // namespace
}  // namespace pipit::waiot

int main() {
  using namespace pipit::waiot;
  board::init();
  for (const Kernel& kernel : kKernels) report(kernel);
  Line() << "wasm_bench: done";
  for (;;) board::idle();
}
