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

Socket g_sockets[kMaxSockets];

/// A name being looked up, or looked up lately.
struct Lookup {
  enum class State : u8 { free, asking, found, failed };
  static constexpr u32 kMaxName = 255;
  State state = State::free;
  char name[kMaxName + 1];
  ip_addr_t address;
};
constinit Lookup g_lookups[4] = {};
constinit u32 g_next_lookup = 0;

void on_found(const char*, const ip_addr_t* address, void* argument) {
  auto& lookup = *static_cast<Lookup*>(argument);
  lookup.state = address == nullptr ? Lookup::State::failed : Lookup::State::found;
  if (address != nullptr) lookup.address = *address;
}

Lookup* find_lookup(std::string_view host) {
  for (Lookup& each : g_lookups)
    if (each.state != Lookup::State::free && std::string_view(each.name) == host) return &each;
  return nullptr;
}

class LwipSockets final : public ports::Sockets {
 public:
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
};

constinit LwipSockets g_interface;

u16 LwipSockets::open(Family family, Type type, u32& handle) {
  if (family == Family::inet6) return kFamilyNotSupported;
  if (type == Type::any) return kInvalid;
  Socket* const socket = take_socket();
  if (socket == nullptr) return kNoFile;
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
  Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  drop_socket(*socket);
  return kSuccess;
}

u16 LwipSockets::bind(u32 handle, const Address& address) {
  Socket* const socket = socket_at(handle);
  ip_addr_t ip;
  if (socket == nullptr) return kBadHandle;
  if (!to_lwip(address, ip)) return kFamilyNotSupported;
  if (socket->kind == Kind::fresh) return errno_of(tcp_bind(socket->tcp, &ip, address.port));
  if (socket->kind == Kind::datagram) return errno_of(udp_bind(socket->udp, &ip, address.port));
  return kInvalid;
}

u16 LwipSockets::listen(u32 handle, u32 backlog) {
  Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  if (socket->kind == Kind::listener) return kSuccess;
  if (socket->kind != Kind::fresh || socket->tcp == nullptr) return kInvalid;
  return tcp_start_listening(*socket, backlog);
}

u16 LwipSockets::accept(u32 handle, u32& connection) {
  Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  if (socket->kind != Kind::listener) return kInvalid;
  Socket* const oldest = socket->first;
  if (oldest == nullptr) return kAgain;
  socket->first = std::exchange(oldest->next, nullptr);
  if (socket->first == nullptr) socket->last = nullptr;
  oldest->orphan = false;
  oldest->connect_told = true;
  if (oldest->tcp != nullptr) tcp_backlog_accepted(oldest->tcp);
  connection = handle_of(*oldest);
  return kSuccess;
}

u16 LwipSockets::connect(u32 handle, const Address& address) {
  Socket* const socket = socket_at(handle);
  ip_addr_t ip;
  if (socket == nullptr) return kBadHandle;
  if (socket->error != 0) return std::exchange(socket->error, u16{0});
  if (!to_lwip(address, ip)) return kFamilyNotSupported;
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
  if (!network().up()) return kAgain;  // an address is still being asked for
  return tcp_start_connecting(*socket, ip, address.port);
}

u16 LwipSockets::receive(u32 handle, MutBytes out, bool peek, usize& count, bool& truncated, Address& from) {
  Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  truncated = false;
  if (socket->kind == Kind::datagram) return udp_receive(*socket, out, peek, count, truncated, from);
  if (socket->kind != Kind::stream) return kNotConnected;
  if (socket->tcp != nullptr) from = address_of(socket->tcp->remote_ip, socket->tcp->remote_port);
  return tcp_receive(*socket, out, peek, count);
}

u16 LwipSockets::send(u32 handle, Bytes data, const Address* to, usize& count) {
  Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  if (socket->kind == Kind::datagram) return udp_send(*socket, data, to, count);
  if (socket->kind != Kind::stream) return kNotConnected;
  return to == nullptr ? tcp_send(*socket, data, count) : kIsConnected;
}

u16 LwipSockets::shutdown(u32 handle, bool receiving, bool sending) {
  Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  if (!receiving && !sending) return kInvalid;
  if (socket->kind != Kind::stream || socket->tcp == nullptr) return kNotConnected;
  if (receiving && !socket->read_closed) {
    socket->read_closed = true;
    if (socket->received != nullptr) {
      tcp_recved(socket->tcp, socket->received->tot_len);
      pbuf_free(std::exchange(socket->received, nullptr));
    }
  }
  if (sending && !socket->write_closed) {
    if (tcp_shutdown(socket->tcp, 0, 1) != ERR_OK) return kNoBuffers;
    socket->write_closed = true;
  }
  return kSuccess;
}

u16 LwipSockets::local_address(u32 handle, Address& out) {
  const Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  out = {.family = Family::inet4};
  if (socket->tcp != nullptr) out = address_of(socket->tcp->local_ip, socket->tcp->local_port);
  if (socket->udp != nullptr) out = address_of(socket->udp->local_ip, socket->udp->local_port);
  return kSuccess;
}

u16 LwipSockets::peer_address(u32 handle, Address& out) {
  const Socket* const socket = socket_at(handle);
  if (socket == nullptr) return kBadHandle;
  if (!socket->connected) return kNotConnected;
  if (socket->udp != nullptr)
    out = address_of(socket->udp->remote_ip, socket->udp->remote_port);
  else if (socket->tcp != nullptr)
    out = address_of(socket->tcp->remote_ip, socket->tcp->remote_port);
  else
    return kNotConnected;
  return kSuccess;
}

u16 LwipSockets::option(u32 handle, Option option, i32& value) {
  Socket* const socket = socket_at(handle);
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
  Socket* const socket = socket_at(handle);
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
    if (lookup->state == Lookup::State::asking) return kAgain;  // its answer is still to come
    std::memcpy(lookup->name, host.data(), host.size());
    lookup->name[host.size()] = 0;
    lookup->state = Lookup::State::asking;
    const err_t error = dns_gethostbyname(lookup->name, &lookup->address, on_found, lookup);
    if (error != ERR_INPROGRESS)
      lookup->state = error == ERR_OK ? Lookup::State::found : Lookup::State::failed;
  }
  if (lookup->state == Lookup::State::asking) return kAgain;
  const bool found = lookup->state == Lookup::State::found;
  lookup->state = Lookup::State::free;  // lwIP remembers it as long as it is to be
  if (!found) return kNoEntry;
  out[0] = address_of(lookup->address, 0);
  count = 1;
  return kSuccess;
}

ports::Sockets::Readiness LwipSockets::readiness(u32 handle) {
  const Socket* const socket = socket_at(handle);
  if (socket == nullptr) return {true, true, true};
  switch (socket->kind) {
    case Kind::listener: return {.readable = socket->first != nullptr};
    case Kind::datagram: return {socket->datagram_count != 0, true, false};
    case Kind::stream: {
      if (socket->connecting) return {};
      const bool ended = socket->error != 0 || socket->peer_closed || socket->tcp == nullptr;
      const bool room = socket->tcp == nullptr || tcp_sndbuf(socket->tcp) >= TCP_SNDLOWAT;
      return {ended || socket->received != nullptr, room, ended};
    }
    default: return {true, true, false};
  }
}

}  // namespace

ports::Sockets& sockets() { return g_interface; }

Socket* socket_at(u32 handle) {
  if (handle >= kMaxSockets) return nullptr;
  Socket& socket = g_sockets[handle];
  return socket.kind == Kind::free || socket.orphan ? nullptr : &socket;
}

u32 handle_of(const Socket& socket) { return static_cast<u32>(&socket - g_sockets); }

Socket* take_socket() {
  for (Socket& socket : g_sockets)
    if (socket.kind == Kind::free) {
      socket.kind = Kind::fresh;
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

ports::Sockets::Address address_of(const ip_addr_t& ip, u16 port) {
  ports::Sockets::Address out{.family = ports::Sockets::Family::inet4, .port = port};
  std::memcpy(out.bytes.data(), &ip_2_ip4(&ip)->addr, 4);
  return out;
}

bool to_lwip(const ports::Sockets::Address& address, ip_addr_t& out) {
  if (address.family != ports::Sockets::Family::inet4) return false;
  IP4_ADDR(&out, address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]);
  return true;
}

}  // namespace pipit::mewz
