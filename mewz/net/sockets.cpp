#include "mewz/net/sockets.h"

#include <cstring>
#include <new>
#include <utility>

#include "mewz/net/interface.h"
#include "mewz/net/socket_table.h"

extern "C" {
#include "lwip/dns.h"
}

namespace pipit::mewz {
namespace {

using namespace socket_errno;
using Kind = Socket::Kind;

[[gnu::section(".bss.LARGE.cleared")]] Socket g_sockets[kMaxSockets];

/// A name being looked up, or looked up lately: its IPv4 address and its IPv6 address.
struct Lookup {
  enum class State : u8 { free, asking, found, failed };
  static constexpr u32 kMaxName = 255;
  struct Answer {
    State state = State::free;
    ip_addr_t address;
  };
  Answer answers[2];
  char name[kMaxName + 1];

  bool in(State state) const { return answers[0].state == state || answers[1].state == state; }
};
constinit Lookup g_lookups[4] = {};
constinit u32 g_next_lookup = 0;

void on_found(const char*, const ip_addr_t* address, void* argument) {
  auto& answer = *static_cast<Lookup::Answer*>(argument);
  answer.state = address == nullptr ? Lookup::State::failed : Lookup::State::found;
  if (address != nullptr) answer.address = *address;
}

Lookup* find_lookup(std::string_view host) {
  for (Lookup& each : g_lookups)
    if (!each.in(Lookup::State::free) && std::string_view(each.name) == host) return &each;
  return nullptr;
}

void begin(Lookup& lookup, std::string_view host) {
  std::memcpy(lookup.name, host.data(), host.size());
  lookup.name[host.size()] = 0;
  for (u32 i = 0; i < 2; ++i) {
    Lookup::Answer& answer = lookup.answers[i];
    answer.state = Lookup::State::asking;
    const u8 type = i == 0 ? LWIP_DNS_ADDRTYPE_IPV4 : LWIP_DNS_ADDRTYPE_IPV6;
    const err_t error = dns_gethostbyname_addrtype(lookup.name, &answer.address, on_found, &answer, type);
    if (error == ERR_INPROGRESS) continue;
    const bool found = error == ERR_OK && (IP_IS_V6_VAL(answer.address) != 0) == (i == 1);
    answer.state = found ? Lookup::State::found : Lookup::State::failed;
  }
}

class LwipSockets final : public ports::Sockets {
 public:
  explicit constexpr LwipSockets(Owner owner) : owner_(owner) {}
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
  u16 resolve(std::string_view host, std::span<Address> out, u32& count) override;
  Readiness readiness(u32 handle) override;

 private:
  Owner owner_;
};

constinit LwipSockets g_interfaces[kOwners] = {LwipSockets(Owner::kernel), LwipSockets(Owner::first),
                                               LwipSockets(Owner::second)};

u16 LwipSockets::open(Family family, Type type, u32& handle) {
  if (type == Type::any) return kInvalid;
  Socket* const socket = take_socket(owner_);
  if (socket == nullptr) return kNoFile;
  socket->family = family == Family::inet6 ? Family::inet6 : Family::inet4;
  socket->kind = type == Type::stream ? Kind::fresh : Kind::datagram;
  const u16 error = type == Type::stream ? tcp_open_stream(*socket) : udp_open(*socket);
  if (error != kSuccess) {
    drop_socket(*socket);
    return error;
  }
  handle = handle_of(*socket);
  return kSuccess;
}

u16 LwipSockets::close(u32 handle) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  drop_socket(*socket);
  return kSuccess;
}

u16 LwipSockets::bind(u32 handle, const Address& address) {
  Socket* const socket = socket_at(owner_, handle);
  ip_addr_t ip;
  if (socket == nullptr) return kBadHandle;
  if (!to_lwip(address, socket->family, ip)) return kFamilyNotSupported;
  if (socket->kind == Kind::fresh) return errno_of(tcp_bind(socket->tcp, &ip, address.port));
  if (socket->kind == Kind::datagram) return udp_bind_port(*socket, ip, address.port);
  return kInvalid;
}

u16 LwipSockets::listen(u32 handle, u32 backlog) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  if (socket->kind == Kind::listener) return kSuccess;
  if (socket->kind != Kind::fresh || socket->tcp == nullptr) return kInvalid;
  return listen_on_port(*socket, backlog);
}

u16 LwipSockets::accept(u32 handle, u32& connection) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  if (socket->kind != Kind::listener) return kInvalid;
  Socket* oldest = nullptr;
  if (const u16 error = tcp_accept_waiting(*socket, oldest); error != kSuccess) return error;
  connection = handle_of(*oldest);
  return kSuccess;
}

u16 LwipSockets::connect(u32 handle, const Address& address) {
  Socket* const socket = socket_at(owner_, handle);
  ip_addr_t ip;
  if (socket == nullptr) return kBadHandle;
  if (socket->error != 0) return std::exchange(socket->error, u16{0});
  if (!to_lwip(address, socket->family, ip)) return kFamilyNotSupported;
  if (socket->kind == Kind::datagram) {
    socket->connected = true;
    return errno_of(udp_connect(socket->udp, &ip, address.port));
  }
  if (socket->connecting) return kAgain;
  if (socket->kind == Kind::stream) {
    // Asked again after `again`: the answer, once.
    return std::exchange(socket->connect_told, true) ? kIsConnected : kSuccess;
  }
  if (socket->kind != Kind::fresh || socket->tcp == nullptr) return kInvalid;
  if (!network().reaches(IP_IS_V6_VAL(ip))) return kAgain;  // an address is still being asked for
  return tcp_start_connecting(*socket, ip, address.port);
}

u16 LwipSockets::receive(u32 handle, MutBytes out, bool peek, usize& count, bool& truncated, Address& from) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  truncated = false;
  if (socket->kind == Kind::datagram) return udp_receive(*socket, out, peek, count, truncated, from);
  if (socket->kind != Kind::stream) return kNotConnected;
  if (socket->tcp != nullptr)
    from = address_of(socket->tcp->remote_ip, socket->tcp->remote_port, socket->family);
  return tcp_receive(*socket, out, peek, count);
}

u16 LwipSockets::send(u32 handle, Bytes data, const Address* to, usize& count) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  if (socket->kind == Kind::datagram) return udp_send(*socket, data, to, count);
  if (socket->kind != Kind::stream) return kNotConnected;
  return to == nullptr ? tcp_send(*socket, data, count) : kIsConnected;
}

u16 LwipSockets::shutdown(u32 handle, bool receiving, bool sending) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  if (!receiving && !sending) return kInvalid;
  if (socket->kind != Kind::stream || socket->tcp == nullptr) return kNotConnected;
  if (receiving && !socket->read_closed) {
    socket->read_closed = true;
    u8 rest[256];
    while (socket->received.read(rest, false) != 0) {
    }
    tcp_acknowledge(*socket);
  }
  if (sending && !socket->write_closed) {
    if (tcp_shutdown(socket->tcp, 0, 1) != ERR_OK) return kNoBuffers;
    socket->write_closed = true;
  }
  return kSuccess;
}

u16 LwipSockets::local_address(u32 handle, Address& out) {
  const Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  out = {.family = socket->family};
  if (socket->kind == Kind::listener)
    out = address_of(socket->listener->tcp->local_ip, socket->listener->tcp->local_port, socket->family);
  if (socket->tcp != nullptr)
    out = address_of(socket->tcp->local_ip, socket->tcp->local_port, socket->family);
  if (socket->udp != nullptr)
    out = address_of(socket->udp->local_ip, socket->udp->local_port, socket->family);
  return kSuccess;
}

u16 LwipSockets::peer_address(u32 handle, Address& out) {
  const Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  if (!socket->connected) return kNotConnected;
  if (socket->udp != nullptr)
    out = address_of(socket->udp->remote_ip, socket->udp->remote_port, socket->family);
  else if (socket->tcp != nullptr)
    out = address_of(socket->tcp->remote_ip, socket->tcp->remote_port, socket->family);
  else
    return kNotConnected;
  return kSuccess;
}

u16 LwipSockets::option(u32 handle, Option option, i32& value) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  switch (option) {
    case Option::reuse_address:
      value = socket->tcp != nullptr && ip_get_option(socket->tcp, SOF_REUSEADDR);
      break;
    case Option::type:
      value = static_cast<i32>(socket->kind == Kind::datagram ? Type::datagram : Type::stream);
      break;
    case Option::error: value = std::exchange(socket->error, u16{0}); break;
    case Option::broadcast:
      value = socket->udp != nullptr && ip_get_option(socket->udp, SOF_BROADCAST);
      break;
    case Option::send_buffer: value = TCP_SND_BUF; break;
    case Option::receive_buffer: value = TCP_WND; break;
    case Option::keep_alive:
      value = socket->tcp != nullptr && ip_get_option(socket->tcp, SOF_KEEPALIVE);
      break;
    case Option::listening: value = socket->kind == Kind::listener; break;
  }
  return kSuccess;
}

u16 LwipSockets::set_option(u32 handle, Option option, i32 value) {
  Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return kBadHandle;
  const auto set = [&](auto* pcb, u8 flag) -> u16 {
    if (pcb == nullptr) return kNoProtocolOption;
    if (value != 0)
      ip_set_option(pcb, flag);
    else
      ip_reset_option(pcb, flag);
    return kSuccess;
  };
  switch (option) {
    case Option::reuse_address:
      return socket->tcp != nullptr ? set(socket->tcp, SOF_REUSEADDR) : set(socket->udp, SOF_REUSEADDR);
    case Option::broadcast: return set(socket->udp, SOF_BROADCAST);
    case Option::keep_alive: return set(socket->tcp, SOF_KEEPALIVE);
    case Option::send_buffer:
    case Option::receive_buffer: return kSuccess;  // a wish; the buffers are what they are
    default: return kNoProtocolOption;
  }
}

u16 LwipSockets::resolve(std::string_view host, std::span<Address> out, u32& count) {
  count = 0;
  if (host.empty() || host.size() > Lookup::kMaxName) return kInvalid;
  if (out.empty()) return kSuccess;
  if (!network().up()) return network().started() ? kAgain : kHostUnreachable;
  Lookup* lookup = find_lookup(host);
  if (lookup == nullptr) {
    lookup = &g_lookups[g_next_lookup++ % std::size(g_lookups)];
    if (lookup->in(Lookup::State::asking)) return kAgain;  // its answers are still to come
    begin(*lookup, host);
  }
  if (lookup->in(Lookup::State::asking)) return kAgain;
  for (Lookup::Answer& answer : lookup->answers) {
    const bool found = answer.state == Lookup::State::found;
    answer.state = Lookup::State::free;  // lwIP remembers it as long as it is to be
    if (!found || count == out.size()) continue;
    out[count++] =
        address_of(answer.address, 0, IP_IS_V6_VAL(answer.address) ? Family::inet6 : Family::inet4);
  }
  return count == 0 ? kNoEntry : kSuccess;
}

ports::Sockets::Readiness LwipSockets::readiness(u32 handle) {
  const Socket* const socket = socket_at(owner_, handle);
  if (socket == nullptr) return {true, true, true};
  switch (socket->kind) {
    case Kind::listener: {
      note_asking(owner_);
      const Listener& port = *socket->listener;
      return {.readable = socket->hung_up || (port.first != nullptr && port.receiver == owner_),
              .hung_up = socket->hung_up};
    }
    case Kind::datagram: return {socket->datagram_count != 0, true, false};
    case Kind::stream: {
      if (socket->connecting) return {};
      const bool ended = socket->error != 0 || socket->peer_closed || socket->tcp == nullptr;
      const bool room = socket->tcp == nullptr || tcp_sndbuf(socket->tcp) >= TCP_SNDLOWAT;
      return {ended || !socket->received.empty(), room, ended};
    }
    default: return {true, true, false};
  }
}

}  // namespace

ports::Sockets& sockets(Owner owner) { return g_interfaces[static_cast<u32>(owner)]; }

Socket* socket_at(Owner owner, u32 handle) {
  if (handle >= kMaxSockets) return nullptr;
  Socket& socket = g_sockets[handle];
  return socket.kind == Kind::free || socket.orphan || socket.owner != owner ? nullptr : &socket;
}

u32 handle_of(const Socket& socket) { return static_cast<u32>(&socket - g_sockets); }
std::span<Socket> all_sockets() { return g_sockets; }

Socket* take_socket(Owner owner) {
  for (Socket& socket : g_sockets)
    if (socket.kind == Kind::free) {
      socket.kind = Kind::fresh;
      socket.owner = owner;
      return &socket;
    }
  return nullptr;
}

void drop_socket(Socket& socket) {
  if (socket.udp != nullptr)
    udp_end(socket);
  else
    tcp_end(socket);
  new (&socket) Socket;
}

u16 errno_of(err_t error) {
  switch (error) {
    case ERR_OK: return kSuccess;
    case ERR_MEM:
    case ERR_BUF: return kNoBuffers;
    case ERR_TIMEOUT: return kTimedOut;
    case ERR_RTE: return kHostUnreachable;
    case ERR_INPROGRESS:
    case ERR_WOULDBLOCK:
    case ERR_ALREADY: return kAgain;
    case ERR_USE: return kAddressInUse;
    case ERR_ISCONN: return kIsConnected;
    case ERR_CONN: return kNotConnected;
    case ERR_ABRT: return kConnectionAborted;
    case ERR_RST:
    case ERR_CLSD: return kConnectionReset;
    case ERR_VAL:
    case ERR_ARG: return kInvalid;
    default: return kHostUnreachable;
  }
}

u8 ip_type_of(ports::Sockets::Family family) {
  return family == ports::Sockets::Family::inet6 ? IPADDR_TYPE_ANY : IPADDR_TYPE_V4;
}

namespace {
constexpr u8 kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};  // ::ffff:0:0/96, RFC 4291 §2.5.5.2
}

ports::Sockets::Address address_of(const ip_addr_t& ip, u16 port, ports::Sockets::Family family) {
  using ports::Sockets;
  Sockets::Address out{.family = family, .port = port};
  if (IP_IS_V6_VAL(ip)) {
    std::memcpy(out.bytes.data(), ip_2_ip6(&ip)->addr, 16);
  } else if (family == Sockets::Family::inet6) {
    if (IP_IS_ANY_TYPE_VAL(ip)) return out;
    std::memcpy(out.bytes.data(), kMapped, sizeof kMapped);
    std::memcpy(out.bytes.data() + sizeof kMapped, &ip_2_ip4(&ip)->addr, 4);
  } else {
    std::memcpy(out.bytes.data(), &ip_2_ip4(&ip)->addr, 4);
  }
  return out;
}

bool to_lwip(const ports::Sockets::Address& address, ports::Sockets::Family family, ip_addr_t& out) {
  using ports::Sockets;
  const u8* const bytes = address.bytes.data();
  const bool v6 = family == Sockets::Family::inet6;
  if (address.family != family) return false;
  if (v6 && std::memcmp(bytes, kMapped, sizeof kMapped) != 0) {
    IP_ADDR6_HOST(&out, 0, 0, 0, 0);
    std::memcpy(ip_2_ip6(&out)->addr, bytes, 16);
    // Every address: of both families.
    if (ip6_addr_isany(ip_2_ip6(&out))) IP_SET_TYPE_VAL(out, IPADDR_TYPE_ANY);
    return true;
  }
  const u8* const four = v6 ? bytes + sizeof kMapped : bytes;
  IP_ADDR4(&out, four[0], four[1], four[2], four[3]);
  return true;
}

}  // namespace pipit::mewz
