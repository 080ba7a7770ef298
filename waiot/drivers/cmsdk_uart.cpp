#include "waiot/drivers/cmsdk_uart.h"

namespace pipit::waiot {
namespace {

// DDI 0479, table 4-3.
constexpr u32 kData = 0x00;
constexpr u32 kState = 0x04;
constexpr u32 kControl = 0x08;
constexpr u32 kBaudDivider = 0x10;
constexpr u32 kStateTransmitFull = 1u << 0;
constexpr u32 kControlTransmitEnable = 1u << 0;
constexpr u32 kSmallestDivider = 16;

}  // namespace

void CmsdkUart::init(u32 clock_hz, u32 baud) {
  const u32 divider = clock_hz / baud;
  registers_.write(kBaudDivider, divider < kSmallestDivider ? kSmallestDivider : divider);
  registers_.write(kControl, kControlTransmitEnable);
}

void CmsdkUart::write(Bytes text) {
  for (const u8 byte : text) {
    // A character that cannot leave is lost; the firmware goes on.
    wait_until([&] { return (registers_.read(kState) & kStateTransmitFull) == 0; });
    registers_.write(kData, byte);
  }
}

}  // namespace pipit::waiot
