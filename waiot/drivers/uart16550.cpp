#include "waiot/drivers/uart16550.h"

namespace pipit::waiot {
namespace {

// PC16550D, table II.
constexpr u32 kTransmitHolding = 0;
constexpr u32 kLineStatus = 5;
constexpr u8 kLineStatusTransmitEmpty = 1u << 5;

}  // namespace

void Uart16550::write(Bytes text) {
  for (const u8 byte : text) {
    wait_until([&] { return (registers_.read_byte(kLineStatus) & kLineStatusTransmitEmpty) != 0; });
    registers_.write_byte(kTransmitHolding, byte);
  }
}

}  // namespace pipit::waiot
