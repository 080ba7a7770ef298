#pragma once
#include <array>

#include "base/result.h"
#include "base/types.h"

namespace pipit::ports {

using Ipv4 = std::array<u8, 4>;
using MacAddress = std::array<u8, 6>;

/// One outgoing TCP connection, polled: nothing here blocks.
class TcpStream {
 public:
  enum class State : u8 {
    closed,  ///< never connected, or closed by us or the peer; received bytes were all read
    connecting,
    open,    ///< bytes may be sent; received bytes may be waiting
    failed,  ///< refused, reset or timed out; close() before another connect()
  };
  /// Starts connecting; progress shows in state(). An error when the stream is not closed.
  virtual Status connect(Ipv4 address, u16 port) = 0;
  virtual State state() const = 0;
  /// Queues up to all of `data`; how many bytes were taken, 0 when the send buffer is full or not open.
  virtual usize send(Bytes data) = 0;
  /// Moves up to out.size() received bytes; 0 when none are waiting.
  virtual usize receive(MutBytes out) = 0;
  /// Ends the connection and forgets what was not read. Always allowed.
  virtual void close() = 0;
  /// Why the last connection failed, where more is known than that it did; else nullptr.
  virtual const char* problem() const { return nullptr; }

 protected:
  ~TcpStream() = default;
};

/// A network interface with an address of its own and a fixed number of client connections.
class Network {
 public:
  /// Moves packets and runs timers; called often from the one main loop. On Linux it does nothing.
  virtual void poll() = 0;
  /// True once there is an address (DHCP done).
  virtual bool up() const = 0;
  virtual Ipv4 address() const = 0;
  virtual MacAddress mac() const = 0;
  /// Connection `index`; 0 and 1 exist everywhere (broker, blobs).
  virtual TcpStream& stream(u32 index) = 0;

 protected:
  ~Network() = default;
};

}  // namespace pipit::ports
