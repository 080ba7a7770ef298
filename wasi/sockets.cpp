// Sockets: preview 1's four calls, and WasmEdge's extension of them under the same module name (its
// wasi-socket interface, first version), over ports::Sockets. A call on a blocking socket stays pending, on
// one with the nonblock flag it answers EAGAIN.
#include "wasi/sockets.h"

#include "ports/sockets.h"

namespace pipit::wasi {
namespace {

using ports::Sockets;
using Kind = Descriptor::Kind;

constexpr u16 kNonblock = 4;                      // preview 1 `fdflags`
constexpr u8 kTypeDatagram = 5, kTypeStream = 6;  // preview 1 `filetype`
constexpr u64 kRightShutdown = u64{1} << 28, kRightAccept = u64{1} << 29;
constexpr u64 kRights = right::kStream | kRightShutdown | kRightAccept;
constexpr u32 kPeek = 1, kWaitAll = 2;  // preview 1 `riflags`
constexpr u16 kTruncated = 1;           // preview 1 `roflags`
constexpr u16 kInProgress = 26;         // errno that Errno does not name

/// The descriptor of argument 0, when it is a socket.
Errno find_socket(Call& call, Descriptor*& out) {
  out = find_descriptor(call.context, call.arg(0));
  if (out == nullptr) return Errno::badf;
  return out->kind == Kind::socket ? Errno::success : Errno::notsock;
}

/// Waiting is what a blocking socket does.
Errno answer(const Descriptor& socket, u16 error) {
  const bool wait = Errno{error} == Errno::again && (socket.fdflags & kNonblock) == 0;
  return wait ? Errno::pending : Errno{error};
}

/// A free descriptor for `handle`; mfile, and the handle is closed, when there is none.
Errno place_socket(Context& context, u32 handle, u8 filetype, u16 fdflags, u32& fd) {
  for (fd = 3; fd < context.descriptors.size(); ++fd) {
    Descriptor& free = context.descriptors[fd];
    if (free.kind != Kind::free) continue;
    free = {
        .kind = Kind::socket, .filetype = filetype, .fdflags = fdflags, .handle = handle, .rights = kRights};
    return Errno::success;
  }
  (void)context.sockets->close(handle);
  return Errno::mfile;
}

// A guest's address: u32 where its bytes lie, u32 how many: 4 (IPv4), 16 (IPv6), or 128 with the family as
// u16 in front of them.
constexpr u32 kTaggedBytes = 128;

Errno load_address(Call& call, u32 argument, u32 port, Sockets::Address& out) {
  u32 at = 0, size = 0;
  MutBytes bytes;
  if (!call.load_pair(argument, 0, at, size) || !call.bytes(at, size, bytes)) return Errno::fault;
  if (port > 0xFFFF) return Errno::inval;
  u16 family = size == 4 ? 1 : size == 16 ? 2 : 0;
  if (size >= kTaggedBytes) {
    family = load_le<u16>(bytes.data());
    bytes = bytes.subspan(2);
  }
  if (family != 1 && family != 2) return Errno::inval;
  out = {.family = static_cast<Sockets::Family>(family), .port = static_cast<u16>(port)};
  std::memcpy(out.bytes.data(), bytes.data(), family == 1 ? 4 : 16);
  return Errno::success;
}

Errno store_address(Call& call, u32 argument, const Sockets::Address& address) {
  u32 at = 0, size = 0;
  MutBytes bytes;
  if (!call.load_pair(argument, 0, at, size) || !call.bytes(at, size, bytes)) return Errno::fault;
  const u32 length = address.family == Sockets::Family::inet6 ? 16 : 4;
  if (size >= kTaggedBytes) {
    store_le(bytes.data(), static_cast<u16>(address.family));
    bytes = bytes.subspan(2);
  }
  if (bytes.size() < length) return Errno::inval;
  std::memcpy(bytes.data(), address.bytes.data(), length);
  return Errno::success;
}

/// (family u8, type u8, out: fd)
Errno sock_open(Call& call) {
  if (call.context.sockets == nullptr) return Errno::notsup;
  if (call.arg(0) > 2 || call.arg(1) > 2) return Errno::inval;
  if (!call.store(call.arg(2), u32{0})) return Errno::fault;
  const auto type = static_cast<Sockets::Type>(call.arg(1));
  u32 handle = 0, fd = 0;
  const u16 error = call.context.sockets->open(static_cast<Sockets::Family>(call.arg(0)), type, handle);
  if (error != 0) return Errno{error};
  const u8 filetype = type == Sockets::Type::datagram ? kTypeDatagram : kTypeStream;
  if (const Errno e = place_socket(call.context, handle, filetype, 0, fd); e != Errno::success) return e;
  return call.store(call.arg(2), fd) ? Errno::success : Errno::fault;
}

/// (fd, address, port)
Errno sock_bind(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Address address;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (const Errno e = load_address(call, call.arg(1), call.arg(2), address); e != Errno::success) return e;
  return Errno{call.context.sockets->bind(socket->handle, address)};
}

/// (fd, backlog)
Errno sock_listen(Call& call) {
  Descriptor* socket = nullptr;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  return Errno{call.context.sockets->listen(socket->handle, call.arg(1))};
}

Errno accept(Call& call, u32 fdflags, u32 result) {
  Descriptor* socket = nullptr;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if ((fdflags & ~u32{kNonblock}) != 0) return Errno::inval;
  if (!call.store(result, u32{0})) return Errno::fault;
  u32 handle = 0, fd = 0;
  if (const u16 error = call.context.sockets->accept(socket->handle, handle); error != 0)
    return answer(*socket, error);
  const Errno e = place_socket(call.context, handle, kTypeStream, static_cast<u16>(fdflags), fd);
  if (e != Errno::success) return e;
  return call.store(result, fd) ? Errno::success : Errno::fault;
}
/// (fd, fdflags, out: fd)
Errno sock_accept(Call& call) { return accept(call, call.arg(1), call.arg(2)); }

/// (fd, address, port)
Errno sock_connect(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Address address;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (const Errno e = load_address(call, call.arg(1), call.arg(2), address); e != Errno::success) return e;
  const Errno result = answer(*socket, call.context.sockets->connect(socket->handle, address));
  return result == Errno::again ? Errno{kInProgress} : result;
}

/// Fills a guest's iovecs from a socket; the first short read ends it.
Errno receive(Call& call, const Descriptor& socket, u32 flags, u32& total, bool& truncated,
              Sockets::Address& from) {
  if ((flags & ~(kPeek | kWaitAll)) != 0) return Errno::inval;
  if (call.arg(2) > kMaxVectors) return Errno::inval;
  total = 0;
  for (u32 i = 0; i < call.arg(2); ++i) {
    u32 at = 0, size = 0;
    MutBytes out;
    if (!call.load_pair(call.arg(1), i, at, size) || !call.bytes(at, size, out)) return Errno::fault;
    usize count = 0;
    const u16 error =
        call.context.sockets->receive(socket.handle, out, (flags & kPeek) != 0, count, truncated, from);
    if (error != 0 && total == 0) return answer(socket, error);
    total += static_cast<u32>(count);
    // A datagram fills what it fills, and what was only looked at would come again.
    if (error != 0 || count < size || (flags & kPeek) != 0 || socket.filetype == kTypeDatagram) break;
  }
  return Errno::success;
}

/// (fd, iovs, count, riflags, out: bytes, out: roflags)
Errno sock_recv(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Address from;
  u32 total = 0;
  bool truncated = false;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (!call.store(call.arg(4), u32{0}) || !call.store(call.arg(5), u16{0})) return Errno::fault;
  if (const Errno e = receive(call, *socket, call.arg(3), total, truncated, from); e != Errno::success)
    return e;
  const u16 roflags = truncated ? kTruncated : 0;
  return call.store(call.arg(4), total) && call.store(call.arg(5), roflags) ? Errno::success : Errno::fault;
}

/// (fd, iovs, count, address, riflags, out: port u32, out: bytes, out: roflags)
Errno sock_recv_from(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Address from;
  u32 total = 0;
  bool truncated = false;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (!call.store(call.arg(5), u32{0}) || !call.store(call.arg(6), u32{0}) ||
      !call.store(call.arg(7), u32{0}))
    return Errno::fault;
  if (const Errno e = receive(call, *socket, call.arg(4), total, truncated, from); e != Errno::success)
    return e;
  if (const Errno e = store_address(call, call.arg(3), from); e != Errno::success) return e;
  const u32 roflags = truncated ? kTruncated : 0;
  const bool stored = call.store(call.arg(5), u32{from.port}) && call.store(call.arg(6), total) &&
                      call.store(call.arg(7), roflags);
  return stored ? Errno::success : Errno::fault;
}

/// Sends a guest's ciovecs; the first short write ends it.
Errno send(Call& call, const Descriptor& socket, const Sockets::Address* to, u32 result) {
  if (call.arg(2) > kMaxVectors) return Errno::inval;
  if (!call.store(result, u32{0})) return Errno::fault;
  u32 total = 0;
  for (u32 i = 0; i < call.arg(2); ++i) {
    u32 at = 0, size = 0;
    MutBytes data;
    if (!call.load_pair(call.arg(1), i, at, size) || !call.bytes(at, size, data)) return Errno::fault;
    usize count = 0;
    const u16 error = call.context.sockets->send(socket.handle, data, to, count);
    if (error != 0 && total == 0) return answer(socket, error);
    total += static_cast<u32>(count);
    if (error != 0 || count < size) break;
  }
  return call.store(result, total) ? Errno::success : Errno::fault;
}

/// (fd, ciovs, count, siflags, out: bytes); siflags has no values
Errno sock_send(Call& call) {
  Descriptor* socket = nullptr;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (call.arg(3) != 0) return Errno::inval;
  return send(call, *socket, nullptr, call.arg(4));
}

/// (fd, ciovs, count, address, port, siflags, out: bytes)
Errno sock_send_to(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Address to;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (const Errno e = load_address(call, call.arg(3), call.arg(4), to); e != Errno::success) return e;
  return send(call, *socket, &to, call.arg(6));
}

/// (fd, sdflags: 1 receiving, 2 sending)
Errno sock_shutdown(Call& call) {
  Descriptor* socket = nullptr;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (call.arg(1) == 0 || call.arg(1) > 3) return Errno::inval;
  return Errno{
      call.context.sockets->shutdown(socket->handle, (call.arg(1) & 1) != 0, (call.arg(1) & 2) != 0)};
}

/// (fd, address, out: 4 or 6, out: port)
template <u16 (Sockets::*function)(u32, Sockets::Address&)>
Errno sock_address(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Address address;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (const u16 error = (call.context.sockets->*function)(socket->handle, address); error != 0)
    return Errno{error};
  if (const Errno e = store_address(call, call.arg(1), address); e != Errno::success) return e;
  const u32 version = address.family == Sockets::Family::inet6 ? 6 : 4;
  return call.store(call.arg(2), version) && call.store(call.arg(3), u32{address.port}) ? Errno::success
                                                                                        : Errno::fault;
}

/// WasmEdge's option numbers of level 0; -1: none of ours.
constexpr i8 kOptions[] = {i8(Sockets::Option::reuse_address),
                           i8(Sockets::Option::type),
                           i8(Sockets::Option::error),
                           -1,
                           i8(Sockets::Option::broadcast),
                           i8(Sockets::Option::send_buffer),
                           i8(Sockets::Option::receive_buffer),
                           i8(Sockets::Option::keep_alive),
                           -1,
                           -1,
                           -1,
                           -1,
                           -1,
                           i8(Sockets::Option::listening)};

Errno find_option(Call& call, Sockets::Option& out) {
  constexpr u16 kNoProtocolOption = 50;
  if (call.arg(1) != 0 || call.arg(2) >= std::size(kOptions) || kOptions[call.arg(2)] < 0)
    return Errno{kNoProtocolOption};
  out = static_cast<Sockets::Option>(kOptions[call.arg(2)]);
  return Errno::success;
}

/// (fd, level, name, out: value i32, inout: bytes)
Errno sock_getsockopt(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Option option;
  i32 value = 0;
  u32 bytes = 0;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (const Errno e = find_option(call, option); e != Errno::success) return e;
  if (!call.load(call.arg(4), bytes)) return Errno::fault;
  if (bytes < 4) return Errno::inval;
  if (const u16 error = call.context.sockets->option(socket->handle, option, value); error != 0)
    return Errno{error};
  return call.store(call.arg(3), static_cast<u32>(value)) && call.store(call.arg(4), u32{4}) ? Errno::success
                                                                                             : Errno::fault;
}

/// (fd, level, name, value i32 address, bytes)
Errno sock_setsockopt(Call& call) {
  Descriptor* socket = nullptr;
  Sockets::Option option;
  u32 value = 0;
  if (const Errno e = find_socket(call, socket); e != Errno::success) return e;
  if (const Errno e = find_option(call, option); e != Errno::success) return e;
  if (call.arg(4) < 4) return Errno::inval;
  if (!call.load(call.arg(3), value)) return Errno::fault;
  return Errno{call.context.sockets->set_option(socket->handle, option, static_cast<i32>(value))};
}

/// A number at the start of `service`, or 0.
u16 port_of(std::string_view service) {
  u32 port = 0;
  for (const char c : service) {
    if (c < '0' || c > '9' || port > 6553) break;
    port = port * 10 + static_cast<u32>(c - '0');
  }
  return static_cast<u16>(port);
}

/// The guest brings a list of results to be filled: addrinfo, 28 bytes: u16 flags, u8 family at 2, u8 type,
/// u8 protocol at 4, u32 address bytes at 8, address at 12, name at 16, its bytes at 20, next at 24; a
/// sockaddr: u8 family, u32 bytes at 4, data at 8, which gets the port (big-endian) and the address.
Errno store_result(Call& call, u32 at, const Sockets::Address& address, u8 type, u32& next) {
  constexpr u32 kInfoBytes = 28, kSockaddrBytes = 12;
  MutBytes info, sockaddr, data;
  const u32 length = address.family == Sockets::Family::inet6 ? 16 : 4;
  if (!call.bytes(at, kInfoBytes, info) || !call.bytes(load_le<u32>(&info[12]), kSockaddrBytes, sockaddr) ||
      !call.bytes(load_le<u32>(&sockaddr[8]), 2 + length, data))
    return Errno::fault;
  info[2] = static_cast<u8>(address.family);
  info[3] = type;
  info[4] = type;  // TCP and UDP have the numbers that stream and datagram have, exchanged
  if (type != 0) info[4] = type == 2 ? 1 : 2;
  store_le(&info[8], u32{16});
  sockaddr[0] = static_cast<u8>(address.family);
  store_le(&sockaddr[4], 2 + length);
  data[0] = static_cast<u8>(address.port >> 8);
  data[1] = static_cast<u8>(address.port);
  std::memcpy(&data[2], address.bytes.data(), length);
  next = load_le<u32>(&info[24]);
  return Errno::success;
}

/// (node, bytes, service, bytes, hints, inout: list, most, out: count)
Errno sock_getaddrinfo(Call& call) {
  constexpr u32 kMostAddresses = 8;
  std::string_view node, service;
  u32 at = 0, count = 0;
  MutBytes hints;
  if (call.context.sockets == nullptr) return Errno::notsup;
  if (!call.text(call.arg(0), call.arg(1), node) || !call.text(call.arg(2), call.arg(3), service) ||
      !call.bytes(call.arg(4), 8, hints) || !call.load(call.arg(5), at) || !call.store(call.arg(7), u32{0}))
    return Errno::fault;
  while (node.ends_with('\0')) node.remove_suffix(1);
  if (node.find('\0') != node.npos) return Errno::inval;  // who looks it up would take it for another name
  Sockets::Address addresses[kMostAddresses];
  const usize most = call.arg(6) < kMostAddresses ? call.arg(6) : kMostAddresses;
  const u16 error = call.context.sockets->resolve(node, {addresses, most}, count);
  if (Errno{error} == Errno::again) return Errno::pending;
  if (error != 0) return Errno{error};
  for (u32 i = 0; i < count; ++i) {
    addresses[i].port = port_of(service);
    if (const Errno e = store_result(call, at, addresses[i], hints[3], at); e != Errno::success) return e;
  }
  return call.store(call.arg(7), count) ? Errno::success : Errno::fault;
}

constexpr char kModule[] = "wasi_snapshot_preview1";
constexpr wasm::HostFunction kFunctions[] = {
    {kModule, "sock_accept", "iii:i", entry<sock_accept>},
    {kModule, "sock_bind", "iii:i", entry<sock_bind>},
    {kModule, "sock_connect", "iii:i", entry<sock_connect>},
    {kModule, "sock_getaddrinfo", "iiiiiiii:i", entry<sock_getaddrinfo>},
    {kModule, "sock_getlocaladdr", "iiii:i", entry<sock_address<&Sockets::local_address>>},
    {kModule, "sock_getpeeraddr", "iiii:i", entry<sock_address<&Sockets::peer_address>>},
    {kModule, "sock_getsockopt", "iiiii:i", entry<sock_getsockopt>},
    {kModule, "sock_listen", "ii:i", entry<sock_listen>},
    {kModule, "sock_open", "iii:i", entry<sock_open>},
    {kModule, "sock_recv", "iiiiii:i", entry<sock_recv>},
    {kModule, "sock_recv_from", "iiiiiiii:i", entry<sock_recv_from>},
    {kModule, "sock_send", "iiiii:i", entry<sock_send>},
    {kModule, "sock_send_to", "iiiiiii:i", entry<sock_send_to>},
    {kModule, "sock_setsockopt", "iiiii:i", entry<sock_setsockopt>},
    {kModule, "sock_shutdown", "ii:i", entry<sock_shutdown>},
};

}  // namespace

Functions socket_functions() { return kFunctions; }
extern constinit const u64 kSocketsId = fingerprint(kFunctions);

Errno socket_read(Context& context, const Descriptor& socket, MutBytes out, usize& count) {
  bool truncated = false;
  Sockets::Address from;
  return answer(socket, context.sockets->receive(socket.handle, out, false, count, truncated, from));
}

Errno socket_write(Context& context, const Descriptor& socket, Bytes data, usize& count) {
  return answer(socket, context.sockets->send(socket.handle, data, nullptr, count));
}

Errno socket_close(Context& context, const Descriptor& socket) {
  return Errno{context.sockets->close(socket.handle)};
}

bool socket_ready(Context& context, const Descriptor& socket, bool to_write) {
  const Sockets::Readiness now = context.sockets->readiness(socket.handle);
  return to_write ? now.writable : now.readable;
}

}  // namespace pipit::wasi
