// For images whose native modules have plain digests, which are those of all processors on boards.
#include "wasm/native/digest.h"
#include "wasm/native/format.h"

namespace pipit::wasm::native {

extern constinit const bool kHasInEight = false;

Sha256::Digest digest_of_file(Bytes file) {
  constexpr usize kBegin = offsetof(Header, digest), kEnd = kBegin + sizeof Header::digest;
  constexpr u8 kZeros[kEnd - kBegin] = {};
  Sha256 hash;
  hash.update(file.first(kBegin));
  hash.update(kZeros);
  hash.update(file.subspan(kEnd));
  return hash.finish();
}

Sha256::Digest digest_of_module(Bytes module, u32) { return sha256(module); }

}  // namespace pipit::wasm::native
