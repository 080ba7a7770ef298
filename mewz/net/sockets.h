#pragma once
#include "mewz/net/handover.h"
#include "ports/sockets.h"

namespace pipit::mewz {

/// ports::Sockets over lwIP's raw interface. What arrives waits in lwIP's own buffers until it is read; the
/// window opens by what was read, so a slow reader holds its peer back and loses nothing.
/// Each owner knows only its own.
ports::Sockets& sockets(Owner owner);

}  // namespace pipit::mewz
