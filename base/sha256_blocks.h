#pragma once
#include "base/types.h"

/// Inside of SHA-256: the compression function, of which a platform may have a faster one.
namespace pipit {

constexpr usize kSha256BlockBytes = 64;
extern const u32 kSha256Rounds[64];

/// Takes `blocks` blocks at `at` into `state`. In sha256_any.cpp it is the portable one, in sha256_x86.cpp
/// the processor's own instructions where it has them.
void sha256_blocks(u32* state, const u8* at, usize blocks);
void sha256_portable(u32* state, const u8* at, usize blocks);

}  // namespace pipit
