#pragma once
#include "ports/console.h"
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// APB UART of Arm's Cortex-M System Design Kit (DDI 0479, §4.3), transmit only, polled.
class CmsdkUart final : public ports::Console {
 public:
  constexpr explicit CmsdkUart(usize base) : registers_(base) {}
  void init(u32 clock_hz, u32 baud);
  void write(Bytes text) override;

 private:
  Registers registers_;
};

}  // namespace pipit::waiot
