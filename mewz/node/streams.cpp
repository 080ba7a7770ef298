#include "mewz/node/streams.h"

#include <algorithm>

#include "base/check.h"
#include "mewz/log.h"
#include "mewz/net/interface.h"
#include "mewz/net/sockets.h"
#include "mewz/tls/platform.h"

namespace pipit::mewz {
namespace {

constexpr u16 kAgain = 6, kIsConnected = 30;  // preview 1 errno

}  // namespace

void SocketStream::end(State state) const {
  if (has_socket_) (void)sockets(Owner::kernel).close(handle_);
  has_socket_ = false;
  state_ = state;
}

Status SocketStream::connect(ports::Ipv4 address, u16 port) {
  using ports::Sockets;
  if (state() != State::closed) return Error{Code::invalid_argument, "stream is not closed"};
  end(State::closed);
  if (sockets(Owner::kernel).open(Sockets::Family::inet4, Sockets::Type::stream, handle_) != 0)
    return Error{Code::out_of_memory, "no connection is free"};
  has_socket_ = true;
  peer_ = {.family = Sockets::Family::inet4, .port = port};
  std::copy(address.begin(), address.end(), peer_.bytes.begin());
  state_ = State::connecting;
  return {};
}

void SocketStream::adopt(u32 handle) {
  PIPIT_CHECK(!has_socket_);
  handle_ = handle;
  has_socket_ = true;
  state_ = State::open;
}

ports::TcpStream::State SocketStream::state() const {
  if (state_ == State::connecting) {
    const u16 error = sockets(Owner::kernel).connect(handle_, peer_);
    if (error == 0 || error == kIsConnected)
      state_ = State::open;
    else if (error != kAgain)
      end(State::failed);
  } else if (state_ == State::open) {
    u8 byte;
    usize count = 0;
    bool truncated;
    ports::Sockets::Address from;
    const u16 error = sockets(Owner::kernel).receive(handle_, {&byte, 1}, true, count, truncated, from);
    if (error == 0 && count == 0)
      end(State::closed);
    else if (error != 0 && error != kAgain)
      end(State::failed);
  }
  return state_;
}

usize SocketStream::send(Bytes data) {
  usize count = 0;
  if (state_ != State::open || sockets(Owner::kernel).send(handle_, data, nullptr, count) != 0) return 0;
  return count;
}

usize SocketStream::receive(MutBytes out) {
  usize count = 0;
  bool truncated;
  ports::Sockets::Address from;
  if (state_ != State::open ||
      sockets(Owner::kernel).receive(handle_, out, false, count, truncated, from) != 0)
    return 0;
  return count;
}

void SocketStream::close() { end(State::closed); }

Status NodeNetwork::secure(const TlsFiles& files, const std::string_view (&names)[kStreams],
                           ports::Clock& clock, ports::Entropy& entropy, MutBytes memory) {
  TRY(start_mbedtls(clock, memory));
  TRY(tls_.build(streams_).settings.init(TlsSettings::Role::client, files, entropy));
  for (u32 i = 0; i < kStreams; ++i) TRY(tls_->streams[i].expect(names[i]));
  secured_ = true;
  return {};
}

void NodeNetwork::poll() {
  network().poll();
  for (u32 i = 0; secured_ && i < kStreams; ++i) {
    const char* const problem = tls_->streams[i].problem();
    if (problem == nullptr || problem == tls_->told[i]) continue;
    tls_->told[i] = problem;
    Line() << "tls: " << (i == 0 ? "broker: " : "blobs: ") << problem;
  }
}
bool NodeNetwork::up() const { return network().up(); }
ports::Ipv4 NodeNetwork::address() const { return network().address(); }
ports::MacAddress NodeNetwork::mac() const { return network().mac(); }

ports::TcpStream& NodeNetwork::stream(u32 index) {
  PIPIT_CHECK(index < kStreams);
  if (secured_) return tls_->streams[index];
  return streams_[index];
}

}  // namespace pipit::mewz
