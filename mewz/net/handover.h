#pragma once
#include "base/types.h"

/// Passing listening ports from one application to its successor. A port is the kernel's: both may listen on
/// it, connections go to one of them, and what waits to be accepted waits in the kernel, so that nobody is
/// refused meanwhile. A successor takes connections on trial at first: what it reads of one is kept until it
/// has answered, and goes to the other application when it fails before. Datagrams go to who is active.
namespace pipit::mewz {

/// Whose a socket is: the device agent's, or one of two applications'.
enum class Owner : u8 { kernel, first, second };
constexpr u32 kOwners = 3;

/// What connections an application has taken so far.
struct ServerState {
  bool asks = false;      ///< it listens, and has waited for a connection or accepted one
  bool answered = false;  ///< it has sent something on a connection that it accepted since the trial began
  u32 connections = 0;    ///< that it has accepted and are open
  bool waiting = false;   ///< somebody waits for an answer, or to be accepted
};
ServerState server_state(Owner owner);

/// Connections on every port where `owner` listens are its own from now on; on trial until pass_trial().
void begin_trial(Owner owner);
void pass_trial(Owner owner);
/// Its listening sockets answer that nothing more arrives: poll reports them as hung up, accept as invalid.
void hang_up(Owner owner);
/// Ends all its sockets. On trial, connections that it has not answered go back to the other application.
/// Ports where nobody else listens are closed; or, with `keep_ports`, wait for the application's next start.
void close_all(Owner owner, bool keep_ports);
/// Closes ports that have waited for longer than ten seconds.
void expire_ports(u64 now_ms);

}  // namespace pipit::mewz
