#pragma once
#include "mewz/boot/command_line.h"
#include "ports/network.h"

namespace pipit::mewz {

/// lwIP on the machine's card: addresses by DHCP or from the command line, frames received without copying.
/// There is one; lwIP's state is static.
class NetworkInterface {
 public:
  /// Starts the card and lwIP; unavailable when the machine has no card.
  Status init(const CommandLine& command);
  /// Moves packets and runs timers. True when something arrived or left.
  bool poll();
  /// Whether a frame waits: asked with interrupts off before the processor is put to sleep.
  bool waiting() const;
  bool started() const { return started_; }
  /// Whether a connection to IPv4, or to IPv6, may begin: there is an address, or none came in time.
  bool reaches(bool ipv6) const;
  /// True once there is an address of IPv4's.
  bool up() const;
  ports::Ipv4 address() const;
  ports::MacAddress mac() const;
  /// What connections and packets take now; all of it goes when they do.
  struct Usage {
    u32 connections, buffers, segments, send_bytes, receive_buffers;
  };
  Usage usage() const;

 private:
  bool started_ = false, announced_ = false;
};

NetworkInterface& network();

}  // namespace pipit::mewz
