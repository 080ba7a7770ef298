#include "waiot/entropy.h"

#include <algorithm>
#include <cstring>

namespace pipit::waiot {

void Pool::feed(Bytes data) {
  Sha256 hash;
  hash.update(state_);
  hash.update(data);
  state_ = hash.finish();
}

void Pool::fill(MutBytes out) {
  while (!out.empty()) {
    // Output and next state are different hashes of the state, so that neither gives the other away.
    constexpr u8 kOutput[] = {0}, kNext[] = {1};
    Sha256 hash;
    hash.update(state_);
    hash.update(kOutput);
    const Sha256::Digest block = hash.finish();
    feed(kNext);
    const usize size = std::min(out.size(), block.size());
    std::memcpy(out.data(), block.data(), size);
    out = out.subspan(size);
  }
}

}  // namespace pipit::waiot
