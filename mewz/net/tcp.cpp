// Streams and listeners over lwIP's raw TCP.
#include <algorithm>
#include <utility>

#include "mewz/net/socket_table.h"

namespace pipit::mewz {
namespace {

using namespace socket_errno;

Socket& self(void* argument) { return *static_cast<Socket*>(argument); }

err_t on_received(void* argument, tcp_pcb*, pbuf* data, err_t) {
  Socket& socket = self(argument);
  if (data == nullptr) {
    socket.peer_closed = true;
  } else if (socket.read_closed) {
    tcp_recved(socket.tcp, data->tot_len);
    pbuf_free(data);
  } else if (socket.received == nullptr) {
    socket.received = data;
  } else {
    pbuf_cat(socket.received, data);
  }
  return ERR_OK;
}

/// lwIP has freed the connection already.
void on_error(void* argument, err_t error) {
  Socket& socket = self(argument);
  socket.tcp = nullptr;
  socket.error = socket.connecting ? (error == ERR_RST ? kConnectionRefused : kTimedOut) : errno_of(error);
  socket.connecting = false;
  socket.connected = false;
}

err_t on_connected(void* argument, tcp_pcb*, err_t) {
  Socket& socket = self(argument);
  socket.connecting = false;
  socket.connected = true;
  return ERR_OK;
}

void adopt(Socket& socket, tcp_pcb* pcb) {
  socket.tcp = pcb;
  tcp_arg(pcb, &socket);
  tcp_recv(pcb, on_received);
  tcp_err(pcb, on_error);
  // An application writes as much as it has, so waiting for more only delays the last piece.
  tcp_nagle_disable(pcb);
}

err_t on_accept(void* argument, tcp_pcb* pcb, err_t error) {
  Socket& listener = self(argument);
  Socket* const socket = error == ERR_OK && pcb != nullptr ? take_socket() : nullptr;
  if (socket == nullptr) return ERR_MEM;  // lwIP resets the connection
  socket->kind = Socket::Kind::stream;
  socket->connected = true;
  socket->orphan = true;
  adopt(*socket, pcb);
  tcp_backlog_delayed(pcb);
  (listener.last == nullptr ? listener.first : listener.last->next) = socket;
  listener.last = socket;
  return ERR_OK;
}

}  // namespace

u16 tcp_open_stream(Socket& socket) {
  tcp_pcb* const pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
  if (pcb == nullptr) return kNoBuffers;
  ip_set_option(pcb, SOF_REUSEADDR);
  adopt(socket, pcb);
  return kSuccess;
}

u16 tcp_start_listening(Socket& socket, u32 backlog) {
  constexpr u32 kMostBacklog = 255;
  err_t error = ERR_OK;
  tcp_pcb* const listener = tcp_listen_with_backlog_and_err(
      socket.tcp, static_cast<u8>(std::clamp(backlog, u32{1}, kMostBacklog)), &error);
  if (listener == nullptr) return errno_of(error);
  socket.tcp = listener;  // the other is freed
  socket.kind = Socket::Kind::listener;
  tcp_arg(listener, &socket);
  tcp_accept(listener, on_accept);
  return kSuccess;
}

u16 tcp_start_connecting(Socket& socket, const ip_addr_t& ip, u16 port) {
  const err_t error = tcp_connect(socket.tcp, &ip, port, on_connected);
  if (error != ERR_OK) return errno_of(error);
  socket.kind = Socket::Kind::stream;
  socket.connecting = true;
  return kAgain;
}

u16 tcp_receive(Socket& socket, MutBytes out, bool peek, usize& count) {
  count = 0;
  if (socket.received == nullptr) {
    if (socket.read_closed || socket.peer_closed) return kSuccess;
    if (socket.error != 0) return std::exchange(socket.error, u16{0});
    return socket.connected ? kAgain : kNotConnected;
  }
  while (socket.received != nullptr && count < out.size()) {
    const u16 size = pbuf_copy_partial(
        socket.received, out.data() + count,
        static_cast<u16>(std::min<usize>({out.size() - count, 0xF000, socket.received->tot_len})), 0);
    count += size;
    if (peek) break;
    socket.received = pbuf_free_header(socket.received, size);
    if (socket.tcp != nullptr) tcp_recved(socket.tcp, size);
  }
  return kSuccess;
}

u16 tcp_send(Socket& socket, Bytes data, usize& count) {
  count = 0;
  if (socket.error != 0) return std::exchange(socket.error, u16{0});
  if (socket.write_closed || socket.tcp == nullptr) return kPipe;
  if (!socket.connected) return kNotConnected;
  while (count < data.size()) {
    const usize room = std::min<usize>({data.size() - count, tcp_sndbuf(socket.tcp), 0xF000});
    if (room == 0 || tcp_sndqueuelen(socket.tcp) >= TCP_SND_QUEUELEN - 8) break;
    const u8 flags = TCP_WRITE_FLAG_COPY | (count + room < data.size() ? TCP_WRITE_FLAG_MORE : 0);
    if (tcp_write(socket.tcp, data.data() + count, static_cast<u16>(room), flags) != ERR_OK) break;
    count += room;
  }
  tcp_output(socket.tcp);
  return count == 0 && !data.empty() ? kAgain : kSuccess;
}

void tcp_end(Socket& socket) {
  while (Socket* const waiting = socket.first) {
    socket.first = waiting->next;
    drop_socket(*waiting);
  }
  if (tcp_pcb* const pcb = std::exchange(socket.tcp, nullptr); pcb != nullptr) {
    if (socket.orphan) tcp_backlog_accepted(pcb);
    tcp_arg(pcb, nullptr);
    if (socket.kind == Socket::Kind::listener) {
      tcp_accept(pcb, nullptr);
      tcp_close(pcb);
    } else {
      tcp_recv(pcb, nullptr);
      tcp_err(pcb, nullptr);
      // What was sent still goes out. Unread bytes make lwIP reset the connection, which is what forgetting
      // them means.
      if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
    }
  }
  if (socket.received != nullptr) pbuf_free(std::exchange(socket.received, nullptr));
}

}  // namespace pipit::mewz
