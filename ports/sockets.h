#pragma once
#include <array>

#include "base/types.h"

namespace pipit::ports {

/// TCP and UDP for applications, polled: nothing here blocks. Every call returns a WASI errno (0 = success);
/// `again` says that it cannot be answered yet. Results go through references.
class Sockets {
 public:
  enum class Family : u8 { unspecified, inet4, inet6 };
  enum class Type : u8 { any, datagram, stream };
  struct Address {
    Family family = Family::unspecified;
    std::array<u8, 16> bytes{};  ///< 4 of them with inet4
    u16 port = 0;
  };
  enum class Option : u8 {
    reuse_address,
    type,
    error,
    broadcast,
    send_buffer,
    receive_buffer,
    keep_alive,
    listening
  };

  virtual u16 open(Family family, Type type, u32& handle) = 0;
  virtual u16 close(u32 handle) = 0;
  virtual u16 bind(u32 handle, const Address& address) = 0;
  virtual u16 listen(u32 handle, u32 backlog) = 0;
  /// The oldest waiting connection; `again` while there is none.
  virtual u16 accept(u32 handle, u32& connection) = 0;
  /// Begins to connect when that has not begun; `again` until the peer has answered. A datagram socket only
  /// notes its peer.
  virtual u16 connect(u32 handle, const Address& address) = 0;
  /// Up to out.size() bytes of a stream (0 at its end), or one datagram, of which `truncated` says whether it
  /// was longer. `peek` leaves them where they are.
  virtual u16 receive(u32 handle, MutBytes out, bool peek, usize& count, bool& truncated, Address& from) = 0;
  /// As much of a stream's `data` as there is room for, or one datagram, to `to` or the connected peer
  /// (null).
  virtual u16 send(u32 handle, Bytes data, const Address* to, usize& count) = 0;
  virtual u16 shutdown(u32 handle, bool receiving, bool sending) = 0;
  virtual u16 local_address(u32 handle, Address& out) = 0;
  virtual u16 peer_address(u32 handle, Address& out) = 0;
  virtual u16 option(u32 handle, Option option, i32& value) = 0;
  virtual u16 set_option(u32 handle, Option option, i32 value) = 0;
  /// Addresses of `host`, a name or numbers; `again` while the answer is on its way, ask with the same name.
  virtual u16 resolve(std::string_view host, std::span<Address> out, u32& count) = 0;

  /// What poll_oneoff asks. An error to be told counts as both.
  struct Readiness {
    bool readable = false, writable = false, hung_up = false;
  };
  virtual Readiness readiness(u32 handle) = 0;

 protected:
  ~Sockets() = default;
};

}  // namespace pipit::ports
