#pragma once
#include "base/sha256.h"

/// The digests in a native module's header. By default SHA-256 of all the bytes, the header's own digest
/// taken for zeroes; with Flag::kInEight sha256_in_eight() of the bytes, those before that digest as its
/// head.
namespace pipit::wasm::native {

/// Whether this image knows Flag::kInEight: digest.cpp does, digest_plain.cpp does not.
extern const bool kHasInEight;

/// What Header::digest must be; `file` has a whole header.
Sha256::Digest digest_of_file(Bytes file);
/// What Header::module_digest must be in a file with these flags.
Sha256::Digest digest_of_module(Bytes module, u32 flags);

}  // namespace pipit::wasm::native
