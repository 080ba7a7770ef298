#include "base/sha256_in_eight.h"
#include "wasm/native/digest.h"

namespace pipit::wasm::native {

extern constinit Sha256::Digest (*const kDigestInEight)(Bytes head, Bytes data) = sha256_in_eight;

}  // namespace pipit::wasm::native
