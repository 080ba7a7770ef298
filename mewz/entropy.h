#pragma once
#include "base/sha256.h"
#include "ports/entropy.h"

namespace pipit::mewz {

/// Random numbers by SHA-256 over a state that the processor's generator, virtio-rng and time are stirred
/// into. A caller learns nothing of what was or will be given to others.
class KernelEntropy final : public ports::Entropy {
 public:
  /// `rdrand`: the processor has the instruction.
  void init(bool rdrand);
  /// Stirs `data` in.
  void feed(Bytes data);
  void fill(MutBytes out) override;
  /// Whether anything but time ever came in.
  bool seeded() const { return seeded_; }

 private:
  void stir();
  Sha256::Digest state_{};
  bool rdrand_ = false, seeded_ = false;
};

KernelEntropy& entropy();

}  // namespace pipit::mewz
