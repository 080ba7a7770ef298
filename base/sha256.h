#pragma once
#include <array>

#include "base/types.h"

namespace pipit {

/// SHA-256 (FIPS 180-4), in pieces of any size.
class Sha256 {
 public:
  using Digest = std::array<u8, 32>;
  /// What every digest begins with (§5.3.3).
  static constexpr std::array<u32, 8> kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

  void update(Bytes bytes);
  /// The digest of everything updated so far. The object starts again from nothing afterwards.
  Digest finish();

 private:
  std::array<u32, 8> state_ = kStart;
  std::array<u8, 64> buffer_{};
  u64 length_ = 0;
};

/// The digest of bytes that are all there.
Sha256::Digest sha256(Bytes bytes);

}  // namespace pipit
