// The smallest image that starts native code: the loader and what it needs, nothing that decodes function
// bodies, validates or interprets. It runs the package that lies behind it in flash and says what came out.
#include "bench/wasm/board/loader/package.h"
#include "waiot/drivers/cmsdk_uart.h"
#include "wasm/engine.h"
#include "wasm/native/native.h"

// From board/link.ld.
extern "C" {
extern pipit::u8 _data_start[], _data_end[], _bss_start[], _bss_end[];
extern const pipit::u8 _data_load[];
}

namespace pipit::loader {
namespace {

constinit waiot::CmsdkUart g_uart(0x4000'4000);
alignas(16) u8 g_arena[112 * 1024];

struct Line {
  ~Line() { *this << "\n"; }
  Line& operator<<(std::string_view text) {
    g_uart.write(as_bytes(text));
    return *this;
  }
  /// Hexadecimal.
  Line& operator<<(u64 number) {
    char digits[16];
    for (u32 i = 0; i < sizeof digits; ++i) digits[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 15];
    return *this << std::string_view(digits, sizeof digits);
  }
};

/// Calls every function the package names, in turn; the last one's result is the package's.
Result<u64> run(const Package& package) {
  Arena arena(g_arena);
  constexpr wasm::native::Machine kMachine{wasm::native::Target::thumbv7em, 0};
  const auto [module, native] =
      TRY(wasm::native::NativeModule::load_alone(package.native(), package.module(), kMachine, arena));
  const wasm::native::NativeCode code{native};
  wasm::Instance* const instance = TRY(wasm::Instance::create(module, {},
                                                              {.engine = &wasm::kNativeEngine,
                                                               .code = &code,
                                                               .memory_bytes = package.memory_bytes,
                                                               .stack_bytes = package.stack_bytes},
                                                              arena));
  for (const char* name : {"kernel_init", "kernel_run", "kernel_checksum"}) {
    TRY(instance->start(TRY(module.exported_function(name))));
    // In portions, as a device does that has other work as well.
    while (instance->resume(1'000) == wasm::RunState::paused) {
    }
    if (instance->state() == wasm::RunState::trapped)
      return Error{Code::internal, wasm::trap_text(instance->trap().kind), instance->trap().offset};
  }
  return instance->results()[0].u64_;
}

}  // namespace

extern "C" [[noreturn, gnu::used]] void loader_main() {
  for (u8 *to = _data_start, *end = _data_end; to != end; ++to) *to = _data_load[to - _data_start];
  for (u8* to = _bss_start; to != _bss_end; ++to) *to = 0;
  g_uart.init(25'000'000, 115'200);
  const Result<u64> result = run(*reinterpret_cast<const Package*>(kPackageAt));
  if (result.ok())
    Line() << "loader: result " << *result;
  else
    Line() << "loader: failed: " << result.error().message << " at " << result.error().where;
  for (;;) asm volatile("wfi");
}

extern "C" [[noreturn, gnu::used]] void loader_fault() {
  Line() << "loader: fault";
  for (;;) asm volatile("wfi");
}

}  // namespace pipit::loader

void pipit::check_failed(const char* expression, const char*, int) {
  loader::Line() << "loader: check failed: " << expression;
  for (;;) asm volatile("wfi");
}

// Vector table and reset of a Cortex-M4F, Armv7-M ARM (DDI 0403) B1.5; the FPU is on before any code may use
// it (B3.2.20).
asm(R"(
  .syntax unified
  .section .vectors, "a"
  .word _stack_top
  .word _reset
  .rept 14
  .word loader_fault
  .endr
  .text
  .thumb_func
  .globl _reset
  .type _reset, %function
_reset:
  ldr r0, =0xE000ED88
  ldr r1, [r0]
  orr r1, r1, #(0xF << 20)
  str r1, [r0]
  dsb
  isb
  bl loader_main
)");
