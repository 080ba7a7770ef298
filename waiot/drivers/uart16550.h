#pragma once
#include "ports/console.h"
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// 16550 UART with byte-wide registers (National Semiconductor PC16550D), transmit only, polled.
class Uart16550 final : public ports::Console {
 public:
  constexpr explicit Uart16550(usize base) : registers_(base) {}
  void write(Bytes text) override;

 private:
  Registers registers_;
};

}  // namespace pipit::waiot
