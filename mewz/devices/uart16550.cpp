#include "mewz/devices/uart16550.h"

#include "mewz/cpu/cpu.h"

namespace pipit::mewz {
namespace {

constexpr u16 kData = 0, kInterruptEnable = 1, kFifoControl = 2, kLineControl = 3, kModemControl = 4,
              kLineStatus = 5;
constexpr u16 kDivisorLow = 0, kDivisorHigh = 1;
constexpr u8 kDivisorAccess = 0x80, kEightBits = 0x03, kFifosOn = 0x07, kReady = 0x03;
constexpr u8 kTransmitterEmpty = 0x20;
constexpr u32 kFifoBytes = 16;
constexpr u32 kPatience = 100'000;

constinit Uart16550 g_console(0x3F8);

}  // namespace

Uart16550& console() { return g_console; }

void Uart16550::init() {
  cpu::out8(base_ + kInterruptEnable, 0);
  cpu::out8(base_ + kLineControl, kDivisorAccess);
  cpu::out8(base_ + kDivisorLow, 1);
  cpu::out8(base_ + kDivisorHigh, 0);
  cpu::out8(base_ + kLineControl, kEightBits);
  cpu::out8(base_ + kFifoControl, kFifosOn);
  cpu::out8(base_ + kModemControl, kReady);
}

void Uart16550::write(Bytes text) {
  for (usize i = 0; i < text.size(); ++i) {
    if (room_ == 0) wait_for_room();
    --room_;
    cpu::out8(base_ + kData, text[i]);
  }
  if (!text.empty()) last_ = text.back();
}

/// The transmitter is empty when its whole FIFO is: one look for that many bytes, since under a hypervisor
/// each look is an exit.
void Uart16550::wait_for_room() {
  for (u32 i = 0; i < kPatience && (cpu::in8(base_ + kLineStatus) & kTransmitterEmpty) == 0; ++i)
    cpu::pause();
  room_ = kFifoBytes;
}

}  // namespace pipit::mewz
