#pragma once
#include "mewz/net/handover.h"
#include "mewz/net/receive_queue.h"
#include "ports/sockets.h"

extern "C" {
#include "lwip/tcp.h"
#include "lwip/udp.h"
}

/// Between the files of the sockets: what one is, and where they are kept.
namespace pipit::mewz {

/// WASI errno values that sockets answer (wasi/errno.h has the table for everybody else).
namespace socket_errno {
constexpr u16 kSuccess = 0, kAddressInUse = 3, kAddressNotAvailable = 4, kFamilyNotSupported = 5, kAgain = 6,
              kBadHandle = 8, kConnectionAborted = 13, kConnectionRefused = 14, kConnectionReset = 15,
              kDestinationRequired = 17, kHostUnreachable = 23, kInvalid = 28, kIsConnected = 30,
              kMessageTooLong = 35, kNoFile = 41, kNoEntry = 44, kNoBuffers = 42, kNoProtocolOption = 50,
              kNotConnected = 53, kNotSupported = 58, kPipe = 64, kTimedOut = 73;
}

/// A datagram that waits.
struct Datagram {
  pbuf* data;
  ip_addr_t from;
  u16 port;
};

struct Socket;

/// A listening port.
struct Listener {
  static constexpr u64 kExpiryMs = 10'000;
  tcp_pcb* tcp = nullptr;  ///< null: free
  ports::Sockets::Family family{};
  Owner receiver{};         ///< whose the next connection is
  u32 sockets = 0;          ///< that listen on it, one of each application
  u64 abandoned_ms = 0;     ///< uptime + 1 when the last of them went without closing the port; 0: none did
  Socket* first = nullptr;  ///< connections that wait for accept()
  Socket* last = nullptr;
};

struct Socket {
  enum class Kind : u8 { free, fresh, listener, stream, datagram };
  static constexpr u32 kMaxDatagrams = 16;

  Kind kind = Kind::free;
  Owner owner{};
  ports::Sockets::Family family{};  ///< inet6 also meets IPv4, under ::ffff:a.b.c.d
  bool connecting = false, connected = false;
  bool connect_told = false;  ///< the application knows that it is connected
  bool peer_closed = false;   ///< of a stream: everything up to its end has arrived
  bool write_closed = false, read_closed = false;
  bool orphan = false;    ///< accepted by lwIP, not yet by the application
  bool accepted = false;  ///< came from a listener, not from connect()
  bool trial = false;     ///< accepted on trial and not answered yet: what was read is kept
  bool hung_up = false;   ///< of a listener
  u16 error = 0;          ///< that ended a connection, to be told once
  tcp_pcb* tcp = nullptr;
  udp_pcb* udp = nullptr;
  Listener* listener = nullptr;  ///< that it listens on, or came from
  ReceiveQueue received;         ///< of a stream
  Socket* next = nullptr;        ///< among the connections that wait for accept()
  Datagram datagrams[kMaxDatagrams] = {};
  u32 datagram_count = 0, datagram_first = 0;
};

constexpr u32 kMaxSockets = 512;
/// The one `owner` knows by `handle`, or nullptr.
Socket* socket_at(Owner owner, u32 handle);
u32 handle_of(const Socket& socket);
std::span<Socket> all_sockets();
/// A free one, or nullptr.
Socket* take_socket(Owner owner);
/// Ends whatever it was and frees it.
void drop_socket(Socket& socket);

u16 errno_of(err_t error);
/// As a socket of `family` names it.
ports::Sockets::Address address_of(const ip_addr_t& ip, u16 port, ports::Sockets::Family family);
/// What a socket of `family` means; false when it is an address of another family.
bool to_lwip(const ports::Sockets::Address& address, ports::Sockets::Family family, ip_addr_t& out);
/// lwIP's IPADDR_TYPE_… for a socket.
u8 ip_type_of(ports::Sockets::Family family);

// net/tcp.cpp
u16 tcp_open_stream(Socket& socket);
/// `out` becomes its listener's; nothing waits there: `again`.
u16 tcp_accept_waiting(Socket& listener, Socket*& out);
u16 tcp_start_connecting(Socket& socket, const ip_addr_t& ip, u16 port);
u16 tcp_receive(Socket& socket, MutBytes out, bool peek, usize& count);
u16 tcp_send(Socket& socket, Bytes data, usize& count);
void tcp_end(Socket& socket);
/// Ties a connection of lwIP's to its socket.
void tcp_adopt(Socket& socket, tcp_pcb* pcb);
/// Frees what the application has read; it can no longer be read again.
void tcp_acknowledge(Socket& socket);

// net/listener.cpp
u16 listen_on_port(Socket& socket, u32 backlog);
/// Among the connections that wait.
void enqueue(Listener& listener, Socket& connection);
/// One socket listens no more; the port is closed with the last, unless `keep`.
void leave_port(Socket& socket, bool keep);

/// What server_state() tells is learnt by these.
void note_asking(Owner owner);
void note_answer(Owner owner);
bool on_trial(Owner owner);
/// It has taken over, and nobody has from it.
bool is_active(Owner owner);

// net/udp.cpp
u16 udp_open(Socket& socket);
u16 udp_bind_port(Socket& socket, const ip_addr_t& ip, u16 port);
u16 udp_receive(Socket& socket, MutBytes out, bool peek, usize& count, bool& truncated,
                ports::Sockets::Address& from);
u16 udp_send(Socket& socket, Bytes data, const ports::Sockets::Address* to, usize& count);
void udp_end(Socket& socket);

}  // namespace pipit::mewz
