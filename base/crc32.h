#pragma once
#include "base/types.h"

namespace pipit {

/// CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320), as zlib's crc32(): `seed` is the checksum of the
/// bytes before, 0 at the start. Finds accidents, not attackers.
u32 crc32(Bytes bytes, u32 seed = 0);

}  // namespace pipit
