#pragma once
#include "ports/network.h"
#include "ports/sockets.h"

namespace pipit::mewz {

/// One connection of the device agent's, over the sockets that applications have.
class SocketStream final : public ports::TcpStream {
 public:
  Status connect(ports::Ipv4 address, u16 port) override;
  State state() const override;
  usize send(Bytes data) override;
  usize receive(MutBytes out) override;
  void close() override;

 private:
  void end(State state) const;
  // state() learns what has happened meanwhile.
  mutable State state_ = State::closed;
  mutable bool has_socket_ = false;
  u32 handle_ = 0;
  ports::Sockets::Address peer_;
};

/// The machine's network as the device agent sees it.
class NodeNetwork final : public ports::Network {
 public:
  static constexpr u32 kStreams = 2;
  void poll() override;
  bool up() const override;
  ports::Ipv4 address() const override;
  ports::MacAddress mac() const override;
  SocketStream& stream(u32 index) override;

 private:
  SocketStream streams_[kStreams];
};

}  // namespace pipit::mewz
