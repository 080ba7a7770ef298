#pragma once
#include "ports/entropy.h"
#include "waiot/board.h"
#include "waiot/net/stream.h"

extern "C" {
#include "lwip/netif.h"
}

namespace pipit::waiot {

/// ports::Network over lwIP without an operating system: DHCP and two outgoing connections on the board's
/// controller. There is one; lwIP's state is static.
class LwipNetwork final : public ports::Network {
 public:
  static constexpr u32 kStreams = 2;

  /// Starts lwIP and DHCP. `nic` and `hostname` outlive the network.
  void init(Nic& nic, ports::Clock& clock, ports::Entropy& entropy, const char* hostname);
  void poll() override;
  bool up() const override;
  ports::Ipv4 address() const override;
  ports::MacAddress mac() const override { return nic_->mac(); }
  LwipStream& stream(u32 index) override;

  /// Most bytes of lwIP's heap and pools ever in use.
  u32 heap_peak_bytes() const;
  /// Frames that were dropped because no buffer was free; TCP sends them again.
  u32 frames_dropped() const { return frames_dropped_; }

 private:
  static err_t on_init(netif* interface);
  static err_t on_output(netif* interface, pbuf* frame);

  Nic* nic_ = nullptr;
  netif interface_{};
  LwipStream streams_[kStreams];
  u32 frames_dropped_ = 0;
};

}  // namespace pipit::waiot
