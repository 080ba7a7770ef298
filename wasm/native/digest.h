#pragma once
#include "base/sha256.h"

/// The digests in a native module's header. By default SHA-256 of all the bytes, the header's own digest
/// taken for zeroes; with Flag::kInEight sha256_in_eight() of the bytes, those before that digest as its
/// head.
namespace pipit::wasm::native {

/// sha256_in_eight() where digest_in_eight.cpp is linked. Null with digest_plain.cpp: such an image does not
/// know Flag::kInEight.
extern Sha256::Digest (*const kDigestInEight)(Bytes head, Bytes data);

/// What Header::digest must be; `file` has a whole header, whose flags this image knows.
Sha256::Digest digest_of_file(Bytes file);
/// What Header::module_digest must be in a file with these flags.
Sha256::Digest digest_of_module(Bytes module, u32 flags);

}  // namespace pipit::wasm::native
