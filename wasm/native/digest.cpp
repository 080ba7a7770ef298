#include "wasm/native/digest.h"

#include "wasm/native/format.h"

namespace pipit::wasm::native {

Sha256::Digest digest_of_file(Bytes file) {
  constexpr usize kBegin = offsetof(Header, digest), kEnd = kBegin + sizeof Header::digest;
  const Bytes head = file.first(kBegin), rest = file.subspan(kEnd);
  if ((reinterpret_cast<const Header*>(file.data())->flags & kInEight) != 0)
    return kDigestInEight(head, rest);
  constexpr u8 kZeros[kEnd - kBegin] = {};
  Sha256 hash;
  hash.update(head);
  hash.update(kZeros);
  hash.update(rest);
  return hash.finish();
}

Sha256::Digest digest_of_module(Bytes module, u32 flags) {
  return (flags & kInEight) != 0 ? kDigestInEight({}, module) : sha256(module);
}

}  // namespace pipit::wasm::native
