// Arm MPS2 with FPGA image AN386, Cortex-M4F (application note DAI 0386; QEMU: hw/arm/mps2.c).
#include "waiot/board.h"

#include "base/endian.h"
#include "waiot/drivers/cmsdk_uart.h"
#include "waiot/drivers/lan9118.h"
#include "waiot/drivers/ram_flash.h"
#include "waiot/drivers/systick.h"
#include "waiot/fault.h"
#include "waiot/log.h"

namespace pipit::waiot::board {
namespace {

constexpr u32 kClockHz = 25'000'000;
constexpr u32 kBaud = 115'200;
constexpr u32 kEthernetInterrupt = 13;
constexpr u32 kFlashBase = 1u << 20;  // behind the firmware, in the same 4 MB of code memory
constexpr u32 kFlashBytes = 3u << 20;
constexpr u32 kSectorBytes = 4u << 10;

// Armv7-M ARM (DDI 0403), B3.2.6, B3.2.11 to B3.2.18 and B3.4.
constexpr Registers kSystemControl(0xE000'ED00);
constexpr u32 kInterruptState = 0x04;
constexpr u32 kActiveVectorMask = 0x1FF;
constexpr u32 kResetControl = 0x0C;
constexpr u32 kResetRequest = 0x05FA'0004;
constexpr u32 kHandlerControl = 0x24;
constexpr u32 kEnableFaults = 7u << 16;  // usage, bus and memory faults under their own numbers
constexpr u32 kFaultStatus = 0x28, kHardFaultStatus = 0x2C;
constexpr u32 kMemoryFaultAddress = 0x34, kBusFaultAddress = 0x38;
constexpr Registers kInterruptEnable(0xE000'E100);

// Memory protection unit, B3.5. What lies below RAM swallows accesses in silence, so an overflowing stack is
// caught here.
constexpr Registers kProtection(0xE000'ED90);
constexpr u32 kProtectionControl = 0x4, kProtectionBase = 0xC, kProtectionSize = 0x10;
constexpr u32 kProtectionEnable = 1u << 0, kProtectionDefaultMap = 1u << 2;
constexpr u32 kBaseRegionValid = 1u << 4;
constexpr u32 kNoAccess64K = (16 - 1) << 1 | 1;  // 2^16 bytes, enabled; access permission 0
constexpr u32 kGuardBase = 0x2000'0000 - (64u << 10);

constinit CmsdkUart g_uart(0x4000'4000);
constinit SysTick g_systick;
constinit RamFlash g_flash(kFlashBase, kFlashBytes, kSectorBytes);
constinit Lan9118 g_nic(0x4020'0000);
bool g_nic_works = false;

constexpr const char* kFrameNames[] = {"r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr"};

}  // namespace

const char* const kName = "mps2-an386";
const char* const kArch = "thumbv7em";
const wasm::native::Target kNativeTarget = wasm::native::Target::thumbv7em;
const FlashMap kFlashMap = {
    .config_offset = 0,
    .seed_offset = kSectorBytes / 2,
    .state_offset = 1 * kSectorBytes,
    .slots_offset = 4 * kSectorBytes,
    .slot_bytes = 512u << 10,
};

void init() {
  kProtection.write(kProtectionBase, kGuardBase | kBaseRegionValid);
  kProtection.write(kProtectionSize, kNoAccess64K);
  kProtection.write(kProtectionControl, kProtectionEnable | kProtectionDefaultMap);
  kSystemControl.write(kHandlerControl, kSystemControl.read(kHandlerControl) | kEnableFaults);
  g_uart.init(kClockHz, kBaud);
  g_systick.init(kClockHz);
  // Real flash comes erased; this memory comes as it is. All but the configuration, which the rig has
  // written.
  PIPIT_CHECK(g_flash.erase(kFlashMap.state_offset, kFlashBytes - kFlashMap.state_offset).ok());
  if (Status status = g_nic.init(); status.ok()) {
    g_nic_works = true;
    kInterruptEnable.write(0, 1u << kEthernetInterrupt);
  } else {
    Line() << "waiot: network: " << status.error();
  }
  asm volatile("cpsie i");
}

ports::Clock& clock() { return g_systick; }
ports::Console& console() { return g_uart; }
ports::Flash& flash() { return g_flash; }
Nic* nic() { return g_nic_works ? &g_nic : nullptr; }

// The board has no clock that goes on without power; the random seed beside the configuration is all there
// is.
u64 noise() { return g_systick.counts(); }

void idle() {
  // With interrupts off wfi still wakes on a pending one; off, so that none slips in between look and sleep.
  asm volatile("cpsid i" ::: "memory");
  if (!g_nic_works || !g_nic.waiting()) {
    const u64 before = g_systick.counts();
    asm volatile("dsb\n\twfi" ::: "memory");
    g_systick.slept(g_systick.counts() - before);
  }
  asm volatile("cpsie i\n\tisb" ::: "memory");
}

void reset() {
  kSystemControl.write(kResetControl, kResetRequest);
  for (;;) asm volatile("dsb");
}

extern "C" void waiot_tick() { g_systick.on_tick(); }
extern "C" void waiot_ethernet() { g_nic.on_interrupt(); }

/// From start.S with the stacked registers (DDI 0403, B1.5.6), or nullptr when the stack had overflowed.
extern "C" void waiot_fault(const u32* frame) {
  NamedRegister report[13];
  u32 count = 0;
  if (frame != nullptr)
    for (const char* name : kFrameNames) {
      report[count] = {name, frame[count]};
      ++count;
    }
  report[count++] = {"exception", kSystemControl.read(kInterruptState) & kActiveVectorMask};
  report[count++] = {"cfsr", kSystemControl.read(kFaultStatus)};
  report[count++] = {"hfsr", kSystemControl.read(kHardFaultStatus)};
  report[count++] = {"mmfar", kSystemControl.read(kMemoryFaultAddress)};
  report[count++] = {"bfar", kSystemControl.read(kBusFaultAddress)};
  report_fault(frame != nullptr ? "exception" : "stack overflow", {report, count});
}

}  // namespace pipit::waiot::board
