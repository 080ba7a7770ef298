#pragma once
#include "ports/entropy.h"

namespace pipit::waiot {

/// Random numbers for boot identities, port numbers and the like. The boards have no hardware generator: the
/// pool is fed with what the rig commissioned (a random seed, fresh at each power-up), the address, clocks,
/// words that survive a reset, and the moments at which things happen. Good enough to be different each time;
/// not for keys.
class Pool final : public ports::Entropy {
 public:
  /// Stirs `data` in.
  void feed(Bytes data);
  void feed(u64 number);
  void fill(MutBytes out) override;

 private:
  u64 next();
  u64 state_[2] = {0x9E37'79B9'7F4A'7C15, 0xBF58'476D'1CE4'E5B9};
};

}  // namespace pipit::waiot
