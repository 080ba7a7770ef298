#pragma once
#include <netinet/in.h>

#include "ports/network.h"

namespace pipit::host {

/// A TCP connection over a non-blocking socket.
class SocketStream final : public ports::TcpStream {
 public:
  SocketStream() = default;
  SocketStream(const SocketStream&) = delete;
  ~SocketStream() { close(); }

  Status connect(ports::Ipv4 address, u16 port) override;
  State state() const override;
  usize send(Bytes data) override;
  usize receive(MutBytes out) override;
  void close() override;

  /// The socket, or -1.
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  mutable State state_ = State::closed;
};

/// This machine's network, seen by a simulated device: always up, with the MAC address it is given.
class SocketNetwork final : public ports::Network {
 public:
  static constexpr u32 kStreams = 2;

  explicit SocketNetwork(ports::MacAddress mac) : mac_(mac) {}
  void poll() override {}
  bool up() const override { return true; }
  ports::Ipv4 address() const override { return {127, 0, 0, 1}; }
  ports::MacAddress mac() const override { return mac_; }
  SocketStream& stream(u32 index) override;
  /// Sleeps until a socket has something, at most `timeout_ms`.
  void wait(int timeout_ms);

 private:
  ports::MacAddress mac_;
  SocketStream streams_[kStreams];
};

}  // namespace pipit::host
