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
  } else {
    socket.received.append(data);
    if (socket.read_closed) {
      u8 rest[256];
      while (socket.received.read(rest, false) != 0) {
      }
      tcp_acknowledge(socket);
    }
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

/// Asked every minute on a connection that was closed here: the second time, the peer has had its time.
/// lwIP itself would try for hours after long round trips.
constexpr u8 kOrphanInterval = 120;  // of half a second
err_t on_orphan(void* asked, tcp_pcb* pcb) {
  if (asked == nullptr) {
    tcp_arg(pcb, pcb);
    return ERR_OK;
  }
  tcp_abort(pcb);
  return ERR_ABRT;
}

err_t on_connected(void* argument, tcp_pcb*, err_t) {
  Socket& socket = self(argument);
  socket.connecting = false;
  socket.connected = true;
  return ERR_OK;
}

}  // namespace

void tcp_adopt(Socket& socket, tcp_pcb* pcb) {
  socket.tcp = pcb;
  tcp_arg(pcb, &socket);
  tcp_recv(pcb, on_received);
  tcp_err(pcb, on_error);
  // An application writes as much as it has, so waiting for more only delays the last piece.
  tcp_nagle_disable(pcb);
}

u16 tcp_open_stream(Socket& socket) {
  tcp_pcb* const pcb = tcp_new_ip_type(ip_type_of(socket.family));
  if (pcb == nullptr) return kNoBuffers;
  ip_set_option(pcb, SOF_REUSEADDR);
  tcp_adopt(socket, pcb);
  return kSuccess;
}

u16 tcp_accept_waiting(Socket& listener, Socket*& out) {
  Listener& port = *listener.listener;
  if (listener.hung_up) return kInvalid;
  note_asking(listener.owner);
  out = port.first;
  if (out == nullptr || port.receiver != listener.owner) return kAgain;
  port.first = std::exchange(out->next, nullptr);
  if (port.first == nullptr) port.last = nullptr;
  out->orphan = false;
  out->owner = listener.owner;
  out->connect_told = true;
  out->trial = on_trial(listener.owner);
  if (out->tcp != nullptr) tcp_backlog_accepted(out->tcp);
  return kSuccess;
}

u16 tcp_start_connecting(Socket& socket, const ip_addr_t& ip, u16 port) {
  const err_t error = tcp_connect(socket.tcp, &ip, port, on_connected);
  if (error != ERR_OK) return errno_of(error);
  socket.kind = Socket::Kind::stream;
  socket.connecting = true;
  return kAgain;
}

void tcp_acknowledge(Socket& socket) {
  for (usize bytes = socket.received.release(); bytes != 0;) {
    const u16 part = static_cast<u16>(std::min<usize>(bytes, 0xFFFF));
    if (socket.tcp != nullptr) tcp_recved(socket.tcp, part);
    bytes -= part;
  }
}

u16 tcp_receive(Socket& socket, MutBytes out, bool peek, usize& count) {
  count = socket.received.read(out, peek);
  // Who reads that much before the first answer is sent no request, and could not have it read again.
  constexpr usize kMostKept = 32u << 10;
  if (socket.trial && socket.received.kept() > kMostKept) socket.trial = false;
  if (!socket.trial) tcp_acknowledge(socket);
  if (count != 0 || out.empty() || socket.read_closed || socket.peer_closed) return kSuccess;
  if (socket.error != 0) return std::exchange(socket.error, u16{0});
  return socket.connected ? kAgain : kNotConnected;
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
  if (count != 0 && socket.accepted) {
    note_answer(socket.owner);
    if (std::exchange(socket.trial, false)) tcp_acknowledge(socket);
  }
  return count == 0 && !data.empty() ? kAgain : kSuccess;
}

void tcp_end(Socket& socket) {
  if (socket.kind == Socket::Kind::listener) leave_port(socket, false);
  tcp_acknowledge(socket);
  if (tcp_pcb* const pcb = std::exchange(socket.tcp, nullptr); pcb != nullptr) {
    if (socket.orphan) tcp_backlog_accepted(pcb);
    tcp_arg(pcb, nullptr);
    tcp_recv(pcb, nullptr);
    tcp_err(pcb, nullptr);
    // When connections run out, one whose application has left is the first to go; and it goes anyway when
    // its peer does not answer.
    tcp_setprio(pcb, TCP_PRIO_MIN);
    tcp_poll(pcb, on_orphan, kOrphanInterval);
    // What was sent still goes out. Unread bytes make lwIP reset the connection, which is what forgetting
    // them means.
    if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
  }
  socket.received.clear();
}

}  // namespace pipit::mewz
