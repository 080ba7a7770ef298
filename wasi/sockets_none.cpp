// Preview 1's socket calls where no descriptor is one.
#include "wasi/sockets.h"

namespace pipit::wasi {
namespace {

Errno not_a_socket(Call& call) {
  return find_descriptor(call.context, call.arg(0)) == nullptr ? Errno::badf : Errno::notsock;
}

constexpr char kModule[] = "wasi_snapshot_preview1";
constexpr wasm::HostFunction kFunctions[] = {
    {kModule, "sock_accept", "iii:i", entry<not_a_socket>},
    {kModule, "sock_recv", "iiiiii:i", entry<not_a_socket>},
    {kModule, "sock_send", "iiiii:i", entry<not_a_socket>},
    {kModule, "sock_shutdown", "ii:i", entry<not_a_socket>},
};

}  // namespace

Functions socket_functions() { return kFunctions; }
extern constinit const u64 kSocketsId = fingerprint(kFunctions);
Errno socket_read(Context&, const Descriptor&, MutBytes, usize&) { return Errno::badf; }
Errno socket_write(Context&, const Descriptor&, Bytes, usize&) { return Errno::badf; }
Errno socket_close(Context&, const Descriptor&) { return Errno::badf; }
bool socket_ready(Context&, const Descriptor&, bool) { return true; }

}  // namespace pipit::wasi
