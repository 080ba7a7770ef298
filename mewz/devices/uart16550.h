#pragma once
#include "ports/console.h"

namespace pipit::mewz {

/// 16550 serial port by port I/O (National Semiconductor PC16550D data sheet). Interrupts stay off; sending
/// waits for room, though never for ever: a port that nobody empties drops characters.
class Uart16550 final : public ports::Console {
 public:
  constexpr explicit Uart16550(u16 base) : base_(base) {}
  /// 115,200 baud, 8 bits, no parity, FIFOs on.
  void init();
  void write(Bytes text) override;
  /// Whether the last byte ended a line.
  bool at_line_start() const { return last_ == '\n'; }

 private:
  void wait_for_room();
  u16 base_;
  u32 room_ = 0;  ///< bytes that the FIFO takes for sure
  u8 last_ = '\n';
};

/// COM1, where the kernel's own lines go.
Uart16550& console();

}  // namespace pipit::mewz
