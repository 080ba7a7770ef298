#include "tests/e2e/corrupting_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rig/state.h"

namespace pipit::e2e {

namespace {

constexpr int kPollMs = 100;

sockaddr_in loopback(u16 port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int socket, const char* data, ssize_t bytes) {
  while (bytes > 0) {
    const ssize_t sent = send(socket, data, static_cast<usize>(bytes), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    bytes -= sent;
  }
  return true;
}

}  // namespace

support::Result<u16> CorruptingProxy::start() {
  const u16 port = TRY(rig::choose_port());
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 16) != 0)
    return support::Error(Code::io, "the relay cannot listen");
  acceptor_ = std::thread([this] { accept_all(); });
  return port;
}

CorruptingProxy::~CorruptingProxy() {
  stop_ = true;
  if (acceptor_.joinable()) acceptor_.join();
  for (std::thread& relay : relays_) relay.join();
  if (listener_ >= 0) close(listener_);
}

void CorruptingProxy::accept_all() {
  while (!stop_) {
    pollfd waiting = {listener_, POLLIN, 0};
    if (poll(&waiting, 1, kPollMs) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) relays_.emplace_back([this, client] { relay(client); });
  }
}

void CorruptingProxy::relay(int client) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(target_);
  bool open = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  char buffer[4096];
  while (open && !stop_) {
    pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(ends, 2, kPollMs) < 0) break;
    for (int from = 0; from < 2 && open; ++from) {
      if (ends[from].revents == 0) continue;
      const ssize_t bytes = recv(ends[from].fd, buffer, sizeof buffer, 0);
      open = bytes > 0;
      // A piece that ends a line is a header: damage bodies only, so that it is the digest that must find it.
      if (open && from == 1 && corrupt_ && buffer[bytes - 1] != '\n') {
        buffer[bytes - 1] ^= 1;
        ++damaged_;
      }
      open = open && send_all(ends[1 - from].fd, buffer, bytes);
    }
  }
  close(server);
  close(client);
}

}  // namespace pipit::e2e
