// QEMU's RISC-V virt machine (hw/riscv/virt.c has the memory map) with one rv32imac hart.
#include "waiot/board.h"

#include "waiot/drivers/cfi_flash.h"
#include "waiot/drivers/clint.h"
#include "waiot/drivers/plic.h"
#include "waiot/drivers/uart16550.h"
#include "waiot/drivers/virtio_net.h"
#include "waiot/fault.h"
#include "waiot/log.h"

namespace pipit::waiot::board {
namespace {

constexpr u32 kTimerHz = 10'000'000;
constexpr u32 kVirtioSlots = 8;
constexpr u32 kFirstVirtioSource = 1;  // PLIC source of slot 0
constexpr u32 kFlashBytes = 4u << 20;  // of the bank's 32 MB
constexpr u32 kSectorBytes = 256u << 10;

constexpr Registers kTestDevice(0x0010'0000);  // SiFive test finisher
constexpr u32 kTestDeviceReset = 0x7777;
constexpr Registers kRealTimeClock(0x0010'1000);  // goldfish: nanoseconds since 1970
constexpr u32 kRealTimeLow = 0x0, kRealTimeHigh = 0x4;

// Privileged specification, tables 3.6 and 4.2.
constexpr u32 kCauseInterrupt = 1u << 31;
constexpr u32 kCauseTimer = 7, kCauseExternal = 11;
constexpr u32 kStatusInterruptEnable = 1u << 3;
// Physical memory protection, §3.7: the 64 KB below RAM, which swallow accesses in silence, catch an
// overflowing stack.
constexpr u32 kGuardBytes = 64u << 10, kGuardBase = 0x8000'0000 - kGuardBytes;
constexpr u32 kGuardAddress = kGuardBase >> 2 | (kGuardBytes / 8 - 1);  // naturally aligned power of two
constexpr u32 kGuardConfig = 0x98;                                      // locked, NAPOT, no access

constinit Uart16550 g_uart(0x1000'0000);
constinit Clint g_clint(0x0200'0000, kTimerHz);
constinit Plic g_plic(0x0C00'0000);
constinit CfiFlash g_flash(0x2200'0000);
constinit VirtioNet g_nic;
bool g_nic_works = false;

#define READ_CSR(name)                             \
  ({                                               \
    u32 value;                                     \
    asm volatile("csrr %0, " #name : "=r"(value)); \
    value;                                         \
  })

constexpr const char* kRegisterNames[] = {
    "mepc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
    "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

}  // namespace

const char* const kName = "virt-rv32";
const char* const kArch = "riscv32";
const wasm::native::Target kNativeTarget = wasm::native::Target::rv32imac;
const FlashMap kFlashMap = {
    .config_offset = 0,
    .seed_offset = kSectorBytes / 2,
    .state_offset = 1 * kSectorBytes,
    .slots_offset = 3 * kSectorBytes,
    .slot_bytes = 2 * kSectorBytes,
};

void init() {
  asm volatile("csrw pmpaddr0, %0\n\tcsrw pmpcfg0, %1" ::"r"(kGuardAddress), "r"(kGuardConfig));
  if (Status status = g_flash.init(kFlashBytes); !status.ok()) Line() << "waiot: flash: " << status.error();
  if (Status status = g_nic.init(0x1000'1000, kVirtioSlots); status.ok()) {
    g_nic_works = true;
    g_plic.enable(kFirstVirtioSource + g_nic.slot());
  } else {
    Line() << "waiot: network: " << status.error();
  }
  g_clint.arm();
  asm volatile("csrs mie, %0" ::"r"(1u << kCauseTimer | 1u << kCauseExternal));
  asm volatile("csrs mstatus, %0" ::"r"(kStatusInterruptEnable));
}

ports::Clock& clock() { return g_clint; }
ports::Console& console() { return g_uart; }
ports::Flash& flash() { return g_flash; }
Nic* nic() { return g_nic_works ? &g_nic : nullptr; }

u64 noise() {
  const u32 low = kRealTimeClock.read(kRealTimeLow);  // latches the high half
  return (u64{kRealTimeClock.read(kRealTimeHigh)} << 32 | low) ^ Clint::instret();
}

void idle() {
  // With interrupts off wfi still wakes on a pending one; off, so that none slips in between look and sleep.
  asm volatile("csrc mstatus, %0" ::"r"(kStatusInterruptEnable));
  if (!g_nic_works || !g_nic.waiting()) {
    const u64 before = Clint::instret();
    asm volatile("wfi");
    g_clint.slept(Clint::instret() - before);
  }
  asm volatile("csrs mstatus, %0" ::"r"(kStatusInterruptEnable));
}

void reset() {
  kTestDevice.write(0, kTestDeviceReset);
  for (;;) asm volatile("wfi");
}

/// From start.S, with the registers x0…x31 (x0's place is unused).
extern "C" void waiot_trap(u32* registers) {
  const u32 cause = READ_CSR(mcause);
  if (cause == (kCauseInterrupt | kCauseTimer)) return g_clint.arm();
  if (cause == (kCauseInterrupt | kCauseExternal)) {
    if (const u32 source = g_plic.claim(); source != 0) {
      g_nic.on_interrupt();
      g_plic.complete(source);
    }
    return;
  }
  NamedRegister report[34];
  for (u32 i = 0; i < 32; ++i) report[i] = {kRegisterNames[i], registers[i]};
  report[0].value = READ_CSR(mepc);
  report[32] = {"mcause", cause};
  report[33] = {"mtval", READ_CSR(mtval)};
  report_fault("trap", report);
}

/// From start.S, on a stack that starts over.
extern "C" void waiot_stack_overflow() {
  const NamedRegister report[] = {
      {"mepc", READ_CSR(mepc)}, {"mcause", READ_CSR(mcause)}, {"mtval", READ_CSR(mtval)}};
  report_fault("stack overflow", report);
}

}  // namespace pipit::waiot::board
