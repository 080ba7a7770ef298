#pragma once
#include <memory>
#include <vector>

#include "host/resolve.h"
#include "ports/sockets.h"
#include "support/error.h"

namespace pipit::host {

/// Linux's sockets for an application that was granted the network. None of them blocks; what may have become
/// ready since somebody asked is learnt from one epoll descriptor.
class HostSockets final : public ports::Sockets {
 public:
  static support::Result<std::unique_ptr<HostSockets>> create();
  /// Readable when something may have become ready since refresh().
  int event_fd() const { return events_.get(); }
  /// Takes note of what has become ready.
  void refresh();

  u16 open(Family family, Type type, u32& handle) override;
  u16 close(u32 handle) override;
  u16 bind(u32 handle, const Address& address) override;
  u16 listen(u32 handle, u32 backlog) override;
  u16 accept(u32 handle, u32& connection) override;
  u16 connect(u32 handle, const Address& address) override;
  u16 receive(u32 handle, MutBytes out, bool peek, usize& count, bool& truncated, Address& from) override;
  u16 send(u32 handle, Bytes data, const Address* to, usize& count) override;
  u16 shutdown(u32 handle, bool receiving, bool sending) override;
  u16 local_address(u32 handle, Address& out) override;
  u16 peer_address(u32 handle, Address& out) override;
  u16 option(u32 handle, Option option, i32& value) override;
  u16 set_option(u32 handle, Option option, i32 value) override;
  /// Numbers, names in /etc/hosts, and what the configured name servers know; waits for them.
  u16 resolve(std::string_view host, std::span<Address> out, u32& count) override;
  Readiness readiness(u32 handle) override;

 private:
  struct Socket {
    UniqueFd fd;
    Family family{};
    bool readable = false, writable = false, hung_up = false;  ///< as far as is known
    bool connecting = false, connect_told = false, was_connected = false;
  };
  explicit HostSockets(UniqueFd events) : events_(std::move(events)) {}
  Socket* find(u32 handle);
  u16 add(UniqueFd fd, Family family, u32& handle);
  /// What a call that answered EAGAIN or something else tells.
  u16 answer(bool& flag, long result);

  UniqueFd events_;
  std::vector<Socket> sockets_;
  bool stale_ = true;
};

}  // namespace pipit::host
