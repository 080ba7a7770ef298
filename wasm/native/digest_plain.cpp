// For images whose native modules have plain digests, which are those of all processors on boards.
#include "wasm/native/digest.h"

namespace pipit::wasm::native {

extern constinit Sha256::Digest (*const kDigestInEight)(Bytes head, Bytes data) = nullptr;

}  // namespace pipit::wasm::native
