#pragma once
#include "base/sha256.h"
#include "ports/entropy.h"

namespace pipit::waiot {

/// Random numbers from a pool: SHA-256 over everything it was ever fed. The boards have no hardware
/// generator; the pool gets what the rig commissioned (a random seed, fresh at each power-up), the address,
/// clocks, and words that survive a reset. As good as that seed: without one, numbers only differ from start
/// to start.
class Pool final : public ports::Entropy {
 public:
  /// Stirs `data` in.
  void feed(Bytes data);
  void fill(MutBytes out) override;

 private:
  Sha256::Digest state_{};
};

}  // namespace pipit::waiot
