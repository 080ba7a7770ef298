#pragma once
#include "waiot/board.h"
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// SMSC LAN9118 Ethernet controller (data sheet revision 1.5), frames through its FIFOs by programmed I/O.
class Lan9118 final : public Nic {
 public:
  constexpr explicit Lan9118(usize base) : registers_(base) {}
  /// Resets, reads the address, starts both directions; unavailable when no such chip answers.
  Status init();
  /// From its interrupt: lets go of the line. Frames are fetched by the main loop.
  void on_interrupt();

  ports::MacAddress mac() const override { return mac_; }
  bool send(std::span<const Bytes> pieces) override;
  Bytes receive() override;
  bool waiting() override;

 private:
  Result<u32> read_mac_register(u32 index);
  Status write_mac_register(u32 index, u32 value);

  Registers registers_;
  ports::MacAddress mac_{};
};

}  // namespace pipit::waiot
