#pragma once
#include "base/result.h"

namespace pipit::mewz {

/// Asks the machine's virtio entropy device (virtio 1.1 §5.4) once for 64 bytes and stirs them into
/// entropy(). unavailable when there is none; timeout when it does not answer.
Status feed_from_device();

}  // namespace pipit::mewz
