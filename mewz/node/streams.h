#pragma once
#include "mewz/memory/late.h"
#include "mewz/tls/tls_stream.h"
#include "ports/clock.h"
#include "ports/network.h"
#include "ports/sockets.h"

namespace pipit::mewz {

/// One connection of the device agent's, over the sockets that applications have.
class SocketStream final : public ports::TcpStream {
 public:
  Status connect(ports::Ipv4 address, u16 port) override;
  /// Takes a connection of the kernel's that was accepted; the stream is closed.
  void adopt(u32 handle);
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
  /// From now on connections are inside TLS, each to whom its name says (TlsStream::expect()); before the
  /// first one. Errors: as start_mbedtls() and TlsSettings::init().
  Status secure(const TlsFiles& files, const std::string_view (&names)[kStreams], ports::Clock& clock,
                ports::Entropy& entropy, MutBytes memory);
  /// What `secure` needs.
  static constexpr usize kTlsBytes = 160u << 10;
  void poll() override;
  bool up() const override;
  ports::Ipv4 address() const override;
  ports::MacAddress mac() const override;
  ports::TcpStream& stream(u32 index) override;

 private:
  struct Secured {
    explicit Secured(SocketStream (&below)[kStreams]) : streams{{settings, below[0]}, {settings, below[1]}} {}
    TlsSettings settings;
    TlsStream streams[kStreams];
    const char* told[kStreams] = {};  ///< the last problem that was told of
  };
  SocketStream streams_[kStreams];
  bool secured_ = false;
  Late<Secured> tls_;
};

}  // namespace pipit::mewz
