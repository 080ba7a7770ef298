#include "mewz/devices/power.h"

#include "mewz/cpu/cpu.h"
#include "mewz/log.h"

namespace pipit::mewz {

void stop(u32 code) {
  constexpr u16 kDebugExit = 0xF4;           // QEMU's isa-debug-exit, where pipit puts it
  constexpr u16 kKeyboardController = 0x64;  // also Firecracker's way out
  constexpr u8 kPulseReset = 0xFE;
  Line() << "exit " << code;
  cpu::out32(kDebugExit, code);
  cpu::out8(kKeyboardController, kPulseReset);
  cpu::halt();
}

}  // namespace pipit::mewz
