// Datagrams over lwIP's raw UDP.
#include <algorithm>

#include "mewz/net/socket_table.h"

namespace pipit::mewz {
namespace {

using namespace socket_errno;

bool shares_port(const Socket& socket, const Socket& other) {
  return other.udp != nullptr && &other != &socket && other.udp->local_port == socket.udp->local_port &&
         ip_addr_cmp(&other.udp->local_ip, &socket.udp->local_ip);
}

/// Who is to have what arrived for `socket`: of two applications on one port the one that is active.
Socket& receiver_of(Socket& socket) {
  if (socket.owner == Owner::kernel || is_active(socket.owner)) return socket;
  for (Socket& each : all_sockets())
    if (is_active(each.owner) && shares_port(socket, each)) return each;
  return socket;
}

void on_datagram(void* argument, udp_pcb*, pbuf* data, const ip_addr_t* from, u16_t port) {
  Socket& socket = receiver_of(*static_cast<Socket*>(argument));
  if (socket.datagram_count == Socket::kMaxDatagrams) {
    pbuf_free(data);  // nobody reads: the network may lose datagrams
    return;
  }
  const u32 at = (socket.datagram_first + socket.datagram_count++) % Socket::kMaxDatagrams;
  socket.datagrams[at] = {data, *from, port};
}

}  // namespace

u16 udp_open(Socket& socket) {
  socket.udp = udp_new_ip_type(ip_type_of(socket.family));
  if (socket.udp == nullptr) return kNoBuffers;
  // Whether a port may be shared is decided by who wants to, in udp_bind_port().
  ip_set_option(socket.udp, SOF_REUSEADDR);
  udp_recv(socket.udp, on_datagram, &socket);
  return kSuccess;
}

u16 udp_bind_port(Socket& socket, const ip_addr_t& ip, u16 port) {
  const auto taken = [&](const Socket& each) {
    const bool may_share =
        each.owner != socket.owner && each.owner != Owner::kernel && socket.owner != Owner::kernel;
    return each.udp != nullptr && &each != &socket && each.udp->local_port == port && !may_share &&
           (ip_addr_cmp(&each.udp->local_ip, &ip) || ip_addr_isany(&each.udp->local_ip) ||
            ip_addr_isany(&ip));
  };
  if (port != 0 && std::ranges::any_of(all_sockets(), taken)) return kAddressInUse;
  return errno_of(udp_bind(socket.udp, &ip, port));
}

u16 udp_receive(Socket& socket, MutBytes out, bool peek, usize& count, bool& truncated,
                ports::Sockets::Address& from) {
  count = 0;
  if (socket.datagram_count == 0) return kAgain;
  Datagram& oldest = socket.datagrams[socket.datagram_first];
  count =
      pbuf_copy_partial(oldest.data, out.data(), static_cast<u16>(std::min<usize>(out.size(), 0xFFFF)), 0);
  truncated = oldest.data->tot_len > count;
  from = address_of(oldest.from, oldest.port, socket.family);
  if (peek) return kSuccess;
  pbuf_free(oldest.data);
  socket.datagram_first = (socket.datagram_first + 1) % Socket::kMaxDatagrams;
  --socket.datagram_count;
  return kSuccess;
}

u16 udp_send(Socket& socket, Bytes data, const ports::Sockets::Address* to, usize& count) {
  constexpr usize kLargest = 65'507;
  count = 0;
  if (data.size() > kLargest) return kMessageTooLong;
  if (to == nullptr && !socket.connected) return kDestinationRequired;
  ip_addr_t ip;
  if (to != nullptr && !to_lwip(*to, socket.family, ip)) return kFamilyNotSupported;
  pbuf* const datagram = pbuf_alloc(PBUF_TRANSPORT, static_cast<u16>(data.size()), PBUF_RAM);
  if (datagram == nullptr) return kNoBuffers;
  if (!data.empty()) pbuf_take(datagram, data.data(), static_cast<u16>(data.size()));
  const err_t error =
      to != nullptr ? udp_sendto(socket.udp, datagram, &ip, to->port) : udp_send(socket.udp, datagram);
  pbuf_free(datagram);
  if (error != ERR_OK) return errno_of(error);
  count = data.size();
  return kSuccess;
}

void udp_end(Socket& socket) {
  if (socket.udp != nullptr) udp_remove(socket.udp);
  socket.udp = nullptr;
  for (; socket.datagram_count > 0; --socket.datagram_count) {
    pbuf_free(socket.datagrams[socket.datagram_first].data);
    socket.datagram_first = (socket.datagram_first + 1) % Socket::kMaxDatagrams;
  }
}

}  // namespace pipit::mewz
