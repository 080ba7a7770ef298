#include "host/ports_network.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace pipit::host {

Status SocketStream::connect(ports::Ipv4 address, u16 port) {
  if (state_ != State::closed) return Error{Code::invalid_argument, "stream is in use"};
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return Error{Code::unavailable, "no socket to be had", static_cast<u32>(errno)};
  const int on = 1;
  (void)setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in peer = {};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port);
  std::memcpy(&peer.sin_addr, address.data(), address.size());
  const int result = ::connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof peer);
  state_ = result == 0 ? State::open : errno == EINPROGRESS ? State::connecting : State::failed;
  return {};
}

ports::TcpStream::State SocketStream::state() const {
  if (state_ != State::connecting) return state_;
  pollfd socket = {fd_, POLLOUT, 0};
  if (::poll(&socket, 1, 0) != 1) return state_;
  int error = 0;
  socklen_t size = sizeof error;
  (void)getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  return state_ = error == 0 ? State::open : State::failed;
}

usize SocketStream::send(Bytes data) {
  if (state() != State::open || data.empty()) return 0;
  const ssize_t sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<usize>(sent);
  if (errno != EAGAIN && errno != EINTR) state_ = State::failed;
  return 0;
}

usize SocketStream::receive(MutBytes out) {
  if (state() != State::open || out.empty()) return 0;
  const ssize_t got = recv(fd_, out.data(), out.size(), 0);
  if (got > 0) return static_cast<usize>(got);
  if (got == 0) {
    close();
  } else if (errno != EAGAIN && errno != EINTR) {
    state_ = State::failed;
  }
  return 0;
}

void SocketStream::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
}

SocketStream& SocketNetwork::stream(u32 index) {
  PIPIT_CHECK(index < kStreams);
  return streams_[index];
}

void SocketNetwork::wait(int timeout_ms) {
  pollfd sockets[kStreams];
  for (u32 i = 0; i < kStreams; ++i) {
    const bool connecting = streams_[i].state() == ports::TcpStream::State::connecting;
    sockets[i] = {streams_[i].fd(), static_cast<short>(connecting ? POLLOUT : POLLIN), 0};
  }
  (void)::poll(sockets, kStreams, timeout_ms);
}

}  // namespace pipit::host
