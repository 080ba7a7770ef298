#pragma once
#include "waiot/board.h"
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// virtio network device behind a memory-mapped transport, version 2 (virtio 1.1, §4.2 and §5.1).
class VirtioNet final : public Nic {
 public:
  static constexpr u32 kSlotBytes = 0x1000;

  /// Looks for a network device in `slots` transports from `base` on and starts it; unavailable when there is
  /// none.
  Status init(usize base, u32 slots);
  /// Which slot it was found in.
  u32 slot() const { return slot_; }
  /// From its interrupt: lets go of the line. Frames are fetched by the main loop.
  void on_interrupt();

  ports::MacAddress mac() const override { return mac_; }
  bool send(std::span<const Bytes> pieces) override;
  Bytes receive() override;
  bool waiting() override;

 private:
  Status negotiate();

  Registers registers_{0};
  u32 slot_ = 0;
  ports::MacAddress mac_{};
  u16 received_ = 0;      ///< used entries already seen
  bool holding_ = false;  ///< receive() lent buffer held_ out
  u16 held_ = 0;
};

}  // namespace pipit::waiot
