#pragma once
#include "wasi/tables.h"

/// Descriptors that are sockets, for the calls that take any kind: sockets.cpp, or sockets_none.cpp on
/// platforms whose applications have none.
namespace pipit::wasi {

/// Official preview 1 socket calls and WasmEdge's extension of them.
Functions socket_functions();

Errno socket_read(Context& context, const Descriptor& socket, MutBytes out, usize& count);
Errno socket_write(Context& context, const Descriptor& socket, Bytes data, usize& count);
Errno socket_close(Context& context, const Descriptor& socket);
/// What poll_oneoff asks of one.
bool socket_ready(Context& context, const Descriptor& socket, bool to_write);

}  // namespace pipit::wasi
