#include "host/sockets.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "wasi/errno.h"

namespace pipit::host {
namespace {

using Address = ports::Sockets::Address;
using Family = ports::Sockets::Family;

constexpr u16 kBadHandle = static_cast<u16>(wasi::Errno::badf), kAgain = static_cast<u16>(wasi::Errno::again);
constexpr u16 kInvalid = static_cast<u16>(wasi::Errno::inval),
              kNoEntry = static_cast<u16>(wasi::Errno::noent);
constexpr u16 kIsConnected = 30, kNoProtocolOption = 50;

/// errno of sockets that files do not have; wasi_errno() has the others.
u16 socket_errno(int error) {
  constexpr struct {
    int linux_errno;
    u16 wasi;
  } kTable[] = {{EADDRINUSE, 3},    {EADDRNOTAVAIL, 4}, {EAFNOSUPPORT, 5},     {EALREADY, 7},
                {EINPROGRESS, 6},   {ECONNABORTED, 13}, {ECONNREFUSED, 14},    {ECONNRESET, 15},
                {EDESTADDRREQ, 17}, {EHOSTUNREACH, 23}, {EISCONN, 30},         {EMSGSIZE, 35},
                {ENETDOWN, 38},     {ENETUNREACH, 40},  {ENOBUFS, 42},         {ENOPROTOOPT, 50},
                {ENOTCONN, 53},     {ENOTSOCK, 57},     {EPROTONOSUPPORT, 66}, {ETIMEDOUT, 73}};
  for (const auto& row : kTable)
    if (row.linux_errno == error) return row.wasi;
  return wasi_errno(error);
}
u16 answer_of(long result) { return result < 0 ? socket_errno(errno) : u16{0}; }

/// An address as Linux has it.
struct Native {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// False for an address of another family than the socket's.
bool to_native(const Address& address, Family family, Native& out) {
  if (address.family != family) return false;
  if (family == Family::inet6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    out.size = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    out.size = sizeof v4;
  }
  return true;
}

Address from_native(const Native& native) {
  Address out;
  if (native.storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(native.storage);
    out = {.family = Family::inet6, .port = ntohs(v6.sin6_port)};
    std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
  } else if (native.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(native.storage);
    out = {.family = Family::inet4, .port = ntohs(v4.sin_port)};
    std::memcpy(out.bytes.data(), &v4.sin_addr, 4);
  }
  return out;
}

bool parse_numbers(const std::string& text, Address& out) {
  out = {.family = Family::inet4};
  if (inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) return true;
  out.family = Family::inet6;
  return inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1;
}

void find_in_hosts_file(const std::string& host, std::vector<Address>& out) {
  std::ifstream file("/etc/hosts");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string number;
    Address address;
    words >> number;
    for (std::string name; words >> name;)
      if (name == host && parse_numbers(number, address)) out.push_back(address);
  }
}

/// Asks the name servers of resolv.conf. By res_query and not getaddrinfo, which loads libraries at run time.
void ask_name_servers(const std::string& host, Family family, std::vector<Address>& out) {
  u8 reply[4096];
  const bool v6 = family == Family::inet6;
  const int size = res_search(host.c_str(), ns_c_in, v6 ? ns_t_aaaa : ns_t_a, reply, sizeof reply);
  ns_msg message;
  if (size < 0 || ns_initparse(reply, std::min<int>(size, sizeof reply), &message) < 0) return;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) < 0) return;
    if (ns_rr_type(record) != (v6 ? ns_t_aaaa : ns_t_a) || ns_rr_rdlen(record) != (v6 ? 16 : 4)) continue;
    Address address{.family = family};
    std::memcpy(address.bytes.data(), ns_rr_rdata(record), ns_rr_rdlen(record));
    out.push_back(address);
  }
}

}  // namespace

support::Result<std::unique_ptr<HostSockets>> HostSockets::create() {
  UniqueFd events(epoll_create1(EPOLL_CLOEXEC));
  if (!events) return support::Error(Code::io, std::string("epoll: ") + std::strerror(errno));
  return std::unique_ptr<HostSockets>(new HostSockets(std::move(events)));
}

void HostSockets::refresh() {
  epoll_event events[64];
  for (int count; (count = epoll_wait(events_.get(), events, std::size(events), 0)) > 0;)
    for (int i = 0; i < count; ++i) {
      Socket* const socket = find(events[i].data.u32);
      if (socket == nullptr) continue;
      const u32 what = events[i].events;
      socket->readable |= (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      socket->writable |= (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
      socket->hung_up |= (what & (EPOLLHUP | EPOLLRDHUP)) != 0;
    }
  stale_ = false;
}

HostSockets::Socket* HostSockets::find(u32 handle) {
  return handle < sockets_.size() && sockets_[handle].fd ? &sockets_[handle] : nullptr;
}

u16 HostSockets::add(UniqueFd fd, Family family, u32& handle) {
  const auto free = std::ranges::find_if(sockets_, [](const Socket& each) { return !each.fd; });
  handle = static_cast<u32>(free - sockets_.begin());
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u32 = handle}};
  if (epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd.get(), &event) < 0) return socket_errno(errno);
  if (free == sockets_.end()) sockets_.emplace_back();
  sockets_[handle] = {.fd = std::move(fd), .family = family};
  stale_ = true;
  return 0;
}

u16 HostSockets::answer(bool& flag, long result) {
  stale_ = true;
  if (result >= 0) return 0;
  if (errno == EAGAIN) flag = false;
  return socket_errno(errno);
}

u16 HostSockets::open(Family family, Type type, u32& handle) {
  if (type == Type::any) return kInvalid;
  const int kind = (type == Type::stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(::socket(family == Family::inet6 ? AF_INET6 : AF_INET, kind, 0));
  if (!fd) return socket_errno(errno);
  const int on = 1;
  if (type == Type::stream) (void)setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return add(std::move(fd), family == Family::inet6 ? Family::inet6 : Family::inet4, handle);
}

u16 HostSockets::close(u32 handle) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  *socket = {};
  return 0;
}

u16 HostSockets::bind(u32 handle, const Address& address) {
  Socket* const socket = find(handle);
  Native native;
  if (socket == nullptr) return kBadHandle;
  if (!to_native(address, socket->family, native)) return socket_errno(EAFNOSUPPORT);
  return answer_of(::bind(socket->fd.get(), native.get(), native.size));
}

u16 HostSockets::listen(u32 handle, u32 backlog) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  return answer_of(::listen(socket->fd.get(), static_cast<int>(std::min(backlog, u32{SOMAXCONN}))));
}

u16 HostSockets::accept(u32 handle, u32& connection) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  UniqueFd fd(accept4(socket->fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (const u16 error = answer(socket->readable, fd.get()); error != 0) return error;
  const int on = 1;  // as in the kernel: an application hands over what it has
  (void)setsockopt(fd.get(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
  const u16 error = add(std::move(fd), socket->family, connection);
  if (error == 0) sockets_[connection].was_connected = true;
  return error;
}

u16 HostSockets::connect(u32 handle, const Address& address) {
  Socket* const socket = find(handle);
  Native native;
  if (socket == nullptr) return kBadHandle;
  if (!to_native(address, socket->family, native)) return socket_errno(EAFNOSUPPORT);
  if (socket->connecting) {  // asked again after `again`: the answer, once
    refresh();
    if (!socket->writable) return kAgain;
    socket->connecting = false;
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(socket->fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    socket->connect_told = socket->was_connected = error == 0;
    return error == 0 ? u16{0} : socket_errno(error);
  }
  if (socket->connect_told) return kIsConnected;
  if (::connect(socket->fd.get(), native.get(), native.size) == 0) {
    socket->was_connected = true;
    return 0;
  }
  if (errno != EINPROGRESS) return socket_errno(errno);
  // Before the call a socket counts as writable; only what comes after it means that it is connected.
  refresh();
  socket->connecting = true;
  socket->readable = socket->writable = socket->hung_up = false;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u32 = handle}};
  (void)epoll_ctl(events_.get(), EPOLL_CTL_MOD, socket->fd.get(), &event);
  return kAgain;
}

u16 HostSockets::receive(u32 handle, MutBytes out, bool peek, usize& count, bool& truncated, Address& from) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  Native native;
  iovec piece{out.data(), out.size()};
  msghdr message{.msg_name = &native.storage, .msg_namelen = native.size, .msg_iov = &piece, .msg_iovlen = 1};
  const ssize_t got = recvmsg(socket->fd.get(), &message, peek ? MSG_PEEK : 0);
  count = got < 0 ? 0 : static_cast<usize>(got);
  truncated = (message.msg_flags & MSG_TRUNC) != 0;
  if (got >= 0) from = from_native(native);
  if (got >= 0 && from.family == Family::unspecified) from.family = socket->family;
  return answer(socket->readable, got);
}

u16 HostSockets::send(u32 handle, Bytes data, const Address* to, usize& count) {
  Socket* const socket = find(handle);
  Native native;
  count = 0;
  if (socket == nullptr) return kBadHandle;
  if (to != nullptr && !to_native(*to, socket->family, native)) return socket_errno(EAFNOSUPPORT);
  const ssize_t put = sendto(socket->fd.get(), data.data(), data.size(), MSG_NOSIGNAL,
                             to == nullptr ? nullptr : native.get(), to == nullptr ? 0 : native.size);
  if (put >= 0) count = static_cast<usize>(put);
  // Linux takes a stream that was never connected for one whose peer has gone.
  if (put < 0 && errno == EPIPE && !socket->was_connected) errno = ENOTCONN;
  return answer(socket->writable, put);
}

u16 HostSockets::shutdown(u32 handle, bool receiving, bool sending) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  if (!receiving && !sending) return kInvalid;
  return answer_of(::shutdown(socket->fd.get(), receiving && sending ? SHUT_RDWR
                                                : receiving          ? SHUT_RD
                                                                     : SHUT_WR));
}

u16 HostSockets::local_address(u32 handle, Address& out) {
  Socket* const socket = find(handle);
  Native native;
  if (socket == nullptr) return kBadHandle;
  if (getsockname(socket->fd.get(), native.get(), &native.size) < 0) return socket_errno(errno);
  out = from_native(native);
  return 0;
}

u16 HostSockets::peer_address(u32 handle, Address& out) {
  Socket* const socket = find(handle);
  Native native;
  if (socket == nullptr) return kBadHandle;
  if (getpeername(socket->fd.get(), native.get(), &native.size) < 0) return socket_errno(errno);
  out = from_native(native);
  return 0;
}

namespace {
/// Options in the order of ports::Sockets::Option.
constexpr int kOptions[] = {SO_REUSEADDR, SO_TYPE,   SO_ERROR,     SO_BROADCAST,
                            SO_SNDBUF,    SO_RCVBUF, SO_KEEPALIVE, SO_ACCEPTCONN};
}  // namespace

u16 HostSockets::option(u32 handle, Option option, i32& value) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  int result = 0;
  socklen_t size = sizeof result;
  if (getsockopt(socket->fd.get(), SOL_SOCKET, kOptions[static_cast<u32>(option)], &result, &size) < 0)
    return socket_errno(errno);
  value = result;
  if (option == Option::type) value = static_cast<i32>(result == SOCK_STREAM ? Type::stream : Type::datagram);
  if (option == Option::error) value = socket_errno(result);
  return 0;
}

u16 HostSockets::set_option(u32 handle, Option option, i32 value) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return kBadHandle;
  if (option == Option::type || option == Option::error || option == Option::listening)
    return kNoProtocolOption;
  return answer_of(
      setsockopt(socket->fd.get(), SOL_SOCKET, kOptions[static_cast<u32>(option)], &value, sizeof value));
}

u16 HostSockets::resolve(std::string_view host, std::span<Address> out, u32& count) {
  count = 0;
  constexpr usize kMaxName = 255;
  if (host.empty() || host.size() > kMaxName) return kInvalid;
  const std::string name(host);
  std::vector<Address> found(1);
  if (!parse_numbers(name, found[0])) {
    found.clear();
    find_in_hosts_file(name, found);
    if (found.empty())
      ask_name_servers(name, Family::inet4, found), ask_name_servers(name, Family::inet6, found);
  }
  for (const Address& each : found)
    if (count < out.size()) out[count++] = each;
  return found.empty() ? kNoEntry : u16{0};
}

ports::Sockets::Readiness HostSockets::readiness(u32 handle) {
  Socket* const socket = find(handle);
  if (socket == nullptr) return {true, true, true};
  const bool idle = !socket->readable || !socket->writable;
  if (idle && stale_) refresh();
  if (socket->connecting && !socket->writable) return {};
  return {socket->readable, socket->writable, socket->hung_up};
}

}  // namespace pipit::host
