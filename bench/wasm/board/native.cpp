// Counts the instructions of kernels compiled ahead of time against the same C: in place from flash, where
// they lie, and from a copy in RAM, at another address.
#include <cstring>

#include "waiot/board.h"
#include "waiot/log.h"
#include "wasm/engine.h"
#include "wasm/native/native.h"

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
  Bytes module, native;
};

// #embed takes no macro: two arrays each, named by kernel.
constexpr u8 kIntegerMix[] = {
#embed "integer-mix.small.wasm"
};
alignas(16) constexpr u8 kIntegerMixNative[] = {
#embed "integer-mix.small.pna"
};
constexpr u8 kInt8Conv[] = {
#embed "int8-conv.small.wasm"
};
alignas(16) constexpr u8 kInt8ConvNative[] = {
#embed "int8-conv.small.pna"
};
constexpr u8 kInt8Dot[] = {
#embed "int8-dot.small.wasm"
};
alignas(16) constexpr u8 kInt8DotNative[] = {
#embed "int8-dot.small.pna"
};
constexpr u8 kFp32Matmul[] = {
#embed "fp32-matmul.small.wasm"
};
alignas(16) constexpr u8 kFp32MatmulNative[] = {
#embed "fp32-matmul.small.pna"
};
constexpr u8 kGemm[] = {
#embed "gemm.small.wasm"
};
alignas(16) constexpr u8 kGemmNative[] = {
#embed "gemm.small.pna"
};
constexpr u8 kJacobi[] = {
#embed "jacobi-2d.small.wasm"
};
alignas(16) constexpr u8 kJacobiNative[] = {
#embed "jacobi-2d.small.pna"
};
#define NATIVE(id) k_##id##_init, k_##id##_run, k_##id##_checksum
const Kernel kKernels[] = {
    {"integer-mix", NATIVE(integer_mix), kIntegerMix, kIntegerMixNative},
    {"int8-conv", NATIVE(int8_conv), kInt8Conv, kInt8ConvNative},
    {"int8-dot", NATIVE(int8_dot), kInt8Dot, kInt8DotNative},
    {"fp32-matmul", NATIVE(fp32_matmul), kFp32Matmul, kFp32MatmulNative},
    {"gemm", NATIVE(gemm), kGemm, kGemmNative},
    {"jacobi-2d", NATIVE(jacobi_2d), kJacobi, kJacobiNative},
};

#ifdef __riscv
constexpr wasm::native::Machine kMachine{wasm::native::Target::rv32imac, 0};
#else
constexpr wasm::native::Machine kMachine{wasm::native::Target::thumbv7em, 0};
#endif

alignas(16) u8 g_arena[64 * 1024];
alignas(16) u8 g_copy[16 * 1024];

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
  u64 spent = 0, checksum = 0;
  u32 image_bytes = 0, fixed_bytes = 0;
};

Result<Measurement> count_compiled(const Kernel& kernel, Bytes native) {
  Measurement out;
  Arena arena(g_arena);
  wasm::ValidModule module = TRY(wasm::ValidModule::load(kernel.module, arena));
  const wasm::native::NativeCode code{TRY(wasm::native::NativeModule::load(native, module, kMachine))};
  out.image_bytes = code.module.header().image_bytes;
  const wasm::InstanceConfig config{
      .engine = &wasm::kNativeEngine, .code = &code, .memory_bytes = 24 * 1024, .stack_bytes = 4096};
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

Result<Measurement> count_copy(const Kernel& kernel) {
  if (kernel.native.size() > sizeof g_copy) return Error{Code::out_of_memory, "no room for a copy"};
  std::memcpy(g_copy, kernel.native.data(), kernel.native.size());
  return count_compiled(kernel, {g_copy, kernel.native.size()});
}

void report(const Kernel& kernel) {
  u64 checksum = 0;
  const u64 native = count_native(kernel, checksum);
  const auto flash = count_compiled(kernel, kernel.native);
  const auto ram = count_copy(kernel);
  if (!flash.ok() || !ram.ok()) {
    Line() << kernel.name << " failed: " << (flash.ok() ? ram.error() : flash.error());
    return;
  }
  const u64 ratio = flash->spent * 100 / native;
  const bool right = flash->checksum == checksum && ram->checksum == checksum;
  Line() << kernel.name << " C " << native << " aot " << flash->spent << " ratio " << ratio / 100 << "."
         << ratio / 10 % 10 << ratio % 10 << " from RAM " << ram->spent << " image bytes "
         << flash->image_bytes << " instance bytes " << flash->fixed_bytes
         << (right ? "" : " WRONG CHECKSUM");
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
