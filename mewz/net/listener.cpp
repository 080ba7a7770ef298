// Listening ports, and how they pass from one application to the next.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mewz/clock.h"
#include "mewz/net/socket_table.h"

namespace pipit::mewz {
namespace {

using namespace socket_errno;

constinit Listener g_listeners[MEMP_NUM_TCP_PCB_LISTEN] = {};

/// What is known of an owner.
struct Server {
  bool asks = false, answered = false, trial = false, active = false;
};
constinit Server g_servers[kOwners] = {};
Server& server(Owner owner) { return g_servers[static_cast<u32>(owner)]; }

err_t on_accept(void* argument, tcp_pcb* pcb, err_t error) {
  auto& port = *static_cast<Listener*>(argument);
  Socket* const socket = error == ERR_OK && pcb != nullptr ? take_socket(port.receiver) : nullptr;
  if (socket == nullptr) return ERR_MEM;  // lwIP resets the connection
  socket->kind = Socket::Kind::stream;
  socket->connected = socket->accepted = true;
  socket->family = port.family;
  tcp_adopt(*socket, pcb);
  tcp_backlog_delayed(pcb);
  enqueue(port, *socket);
  return ERR_OK;
}

void close_port(Listener& port) {
  while (Socket* const waiting = port.first) {
    port.first = waiting->next;
    drop_socket(*waiting);
  }
  for (Socket& each : all_sockets())
    if (each.listener == &port) each.listener = nullptr;
  tcp_arg(port.tcp, nullptr);
  tcp_accept(port.tcp, nullptr);
  tcp_close(port.tcp);
  port = {};
}

/// The port that a socket's address names, if somebody listens there or did so lately.
Listener* find_port(const tcp_pcb& pcb) {
  for (Listener& port : g_listeners)
    if (port.tcp != nullptr && port.tcp->local_port == pcb.local_port &&
        ip_addr_cmp(&port.tcp->local_ip, &pcb.local_ip))
      return &port;
  return nullptr;
}

bool listens(Owner owner, const Listener& port) {
  return std::ranges::any_of(all_sockets(), [&](const Socket& each) {
    return each.kind == Socket::Kind::listener && each.listener == &port && each.owner == owner;
  });
}

/// Not accepted yet, or accepted on trial, not answered and kept in whole.
bool can_be_passed_on(const Socket& socket) {
  return socket.kind == Socket::Kind::stream && socket.trial && socket.listener != nullptr &&
         socket.listener->tcp != nullptr && socket.tcp != nullptr && !socket.write_closed &&
         !socket.read_closed;
}

}  // namespace

void enqueue(Listener& port, Socket& connection) {
  connection.orphan = true;
  connection.listener = &port;
  connection.next = nullptr;
  (port.last == nullptr ? port.first : port.last->next) = &connection;
  port.last = &connection;
}

u16 listen_on_port(Socket& socket, u32 backlog) {
  constexpr u32 kMostBacklog = 255;
  if (Listener* const port = find_port(*socket.tcp); port != nullptr) {
    const bool ours = port->receiver == Owner::kernel || socket.owner == Owner::kernel;
    if (ours || listens(socket.owner, *port)) return kAddressInUse;
    if (port->sockets == 0) port->receiver = socket.owner;
    tcp_arg(socket.tcp, nullptr);
    tcp_close(std::exchange(socket.tcp, nullptr));
    socket.listener = port;
  } else {
    const auto free = std::ranges::find(g_listeners, nullptr, &Listener::tcp);
    if (free == std::end(g_listeners)) return kNoBuffers;
    err_t error = ERR_OK;
    tcp_pcb* const listener = tcp_listen_with_backlog_and_err(
        socket.tcp, static_cast<u8>(std::clamp(backlog, u32{1}, kMostBacklog)), &error);
    if (listener == nullptr) return errno_of(error);
    socket.tcp = nullptr;  // freed
    socket.listener = free;
    *free = {.tcp = listener, .family = socket.family, .receiver = socket.owner};
    tcp_arg(listener, free);
    tcp_accept(listener, on_accept);
  }
  ++socket.listener->sockets;
  socket.listener->abandoned_ms = 0;
  socket.kind = Socket::Kind::listener;
  return kSuccess;
}

void leave_port(Socket& socket, bool keep) {
  Listener* const port = std::exchange(socket.listener, nullptr);
  socket.kind = Socket::Kind::fresh;
  if (--port->sockets == 0) {
    port->abandoned_ms = clock().uptime_ms() + 1;
    if (!keep) close_port(*port);
    return;
  }
  for (const Owner other : {Owner::first, Owner::second})
    if (port->receiver == socket.owner && listens(other, *port)) port->receiver = other;
}

void note_asking(Owner owner) { server(owner).asks = true; }
void note_answer(Owner owner) { server(owner).answered = true; }
bool on_trial(Owner owner) { return server(owner).trial; }
bool is_active(Owner owner) { return server(owner).active; }

ServerState server_state(Owner owner) {
  ServerState out{.asks = server(owner).asks, .answered = server(owner).answered};
  for (const Socket& each : all_sockets()) {
    if (each.kind != Socket::Kind::stream || !each.accepted || each.owner != owner) continue;
    if (!each.orphan) ++out.connections;
    out.waiting |= each.orphan || each.trial;
  }
  return out;
}

void begin_trial(Owner owner) {
  server(owner).trial = true;
  server(owner).answered = false;
  for (Listener& port : g_listeners) {
    if (port.tcp == nullptr || !listens(owner, port)) continue;
    port.receiver = owner;
    for (Socket* each = port.first; each != nullptr; each = each->next) each->owner = owner;
  }
}

void pass_trial(Owner owner) {
  server(owner).trial = false;
  server(owner).active = true;
  for (Socket& each : all_sockets())
    if (each.owner == owner && std::exchange(each.trial, false)) tcp_acknowledge(each);
}

void hang_up(Owner owner) {
  server(owner).active = false;
  for (Socket& each : all_sockets())
    if (each.owner == owner && each.kind == Socket::Kind::listener) each.hung_up = true;
}

void close_all(Owner owner, bool keep_ports) {
  for (Socket& each : all_sockets())
    if (each.owner == owner && each.kind == Socket::Kind::listener) {
      leave_port(each, keep_ports);
      drop_socket(each);
    }
  for (Listener& port : g_listeners)
    for (Socket* each = port.first; each != nullptr; each = each->next) each->owner = port.receiver;
  for (Socket& each : all_sockets()) {
    if (each.owner != owner || each.kind == Socket::Kind::free || each.orphan) continue;
    if (can_be_passed_on(each)) {
      Listener& port = *each.listener;
      each.received.rewind();
      each.trial = false;
      each.owner = port.receiver;
      enqueue(port, each);
    } else {
      drop_socket(each);
    }
  }
  server(owner) = {};
}

void expire_ports(u64 now_ms) {
  for (Listener& port : g_listeners)
    if (port.abandoned_ms != 0 && now_ms - (port.abandoned_ms - 1) > Listener::kExpiryMs) close_port(port);
}

}  // namespace pipit::mewz
