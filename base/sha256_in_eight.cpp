#include "base/sha256_in_eight.h"

#include "base/sha256_blocks.h"

namespace pipit::detail {

Sha256::Digest sha256_in_eight_portable(Bytes head, Bytes data) {
  const usize stretch = data.size() / (8 * kSha256BlockBytes) * kSha256BlockBytes;
  Sha256 hash;
  hash.update(head);
  for (u32 i = 0; i < 8; ++i) hash.update(sha256(data.subspan(i * stretch, stretch)));
  hash.update(data.subspan(8 * stretch));
  return hash.finish();
}

}  // namespace pipit::detail
