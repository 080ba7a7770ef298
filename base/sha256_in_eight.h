#pragma once
#include "base/sha256.h"

namespace pipit {

/// A digest that eight SHA-256 work on at the same time: SHA-256 of `head`, of the SHA-256 of each of eight
/// stretches of `data` one after another, and of what is left of it. Stretches are as long as each other, a
/// multiple of 64 bytes and as long as they can be, so that less than 512 bytes are left. As hard to forge as
/// SHA-256: whoever finds two inputs for a digest has found two for one of its parts. `head` has at most 64
/// bytes.
Sha256::Digest sha256_in_eight(Bytes head, Bytes data);

namespace detail {
/// The definition, word for word. A platform with vectors may link sha256_in_eight_avx2.cpp, which does the
/// same eight times as fast.
Sha256::Digest sha256_in_eight_portable(Bytes head, Bytes data);
}  // namespace detail

}  // namespace pipit
