#pragma once
#include "wasi/guest.h"

/// Clocks, and waiting for them.
namespace pipit::wasi {

/// Nanoseconds on preview 1 clock `id`: 0 realtime, 1 monotonic, 2 and 3 processor time of process and
/// thread.
Errno clock_now(Context& context, u32 id, u64& now_ns);
Errno clock_resolution(Context& context, u32 id, u64& resolution_ns);

/// Answers when at least one subscription is ready; pending until then, so nothing blocks in the core. The
/// deadline is in Context::poll_deadline_ns for a runner that wants to sleep.
Errno poll_oneoff(Call& call);

}  // namespace pipit::wasi
