#pragma once
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

struct Socket {
  enum class Kind : u8 { free, fresh, listener, stream, datagram };
  static constexpr u32 kMaxDatagrams = 16;

  Kind kind = Kind::free;
  bool connecting = false, connected = false;
  bool connect_told = false;  ///< the application knows that it is connected
  bool peer_closed = false;   ///< of a stream: everything up to its end has arrived
  bool write_closed = false, read_closed = false;
  bool orphan = false;  ///< accepted by lwIP, not yet by the application
  u16 error = 0;        ///< that ended a connection, to be told once
  tcp_pcb* tcp = nullptr;
  udp_pcb* udp = nullptr;
  pbuf* received = nullptr;  ///< of a stream
  Socket* next = nullptr;    ///< among the connections that wait for accept()
  Socket* first = nullptr;   ///< of a listener: those
  Socket* last = nullptr;
  Datagram datagrams[kMaxDatagrams] = {};
  u32 datagram_count = 0, datagram_first = 0;
};

constexpr u32 kMaxSockets = 512;
Socket* socket_at(u32 handle);
u32 handle_of(const Socket& socket);
/// A free one, or nullptr.
Socket* take_socket();
/// Ends whatever it was and frees it.
void drop_socket(Socket& socket);

u16 errno_of(err_t error);
ports::Sockets::Address address_of(const ip_addr_t& ip, u16 port);
/// False for a family that is not there.
bool to_lwip(const ports::Sockets::Address& address, ip_addr_t& out);

// net/tcp.cpp
u16 tcp_open_stream(Socket& socket);
u16 tcp_start_listening(Socket& socket, u32 backlog);
u16 tcp_start_connecting(Socket& socket, const ip_addr_t& ip, u16 port);
u16 tcp_receive(Socket& socket, MutBytes out, bool peek, usize& count);
u16 tcp_send(Socket& socket, Bytes data, usize& count);
void tcp_end(Socket& socket);

// net/udp.cpp
u16 udp_open(Socket& socket);
u16 udp_receive(Socket& socket, MutBytes out, bool peek, usize& count, bool& truncated,
                ports::Sockets::Address& from);
u16 udp_send(Socket& socket, Bytes data, const ports::Sockets::Address* to, usize& count);
void udp_end(Socket& socket);

}  // namespace pipit::mewz
