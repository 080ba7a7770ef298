#pragma once
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// RISC-V platform-level interrupt controller (specification 1.0.0), machine context of hart 0.
class Plic {
 public:
  constexpr explicit Plic(usize base) : registers_(base) {}
  /// Lets `source` through.
  void enable(u32 source) const;
  /// The source to be served, 0 when none.
  u32 claim() const;
  void complete(u32 source) const;

 private:
  Registers registers_;
};

}  // namespace pipit::waiot
