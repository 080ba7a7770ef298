#pragma once
#include "ports/flash.h"

namespace pipit::mewz {

/// Memory behind the flash port: what a machine was sent lasts as long as the machine.
class RamFlash final : public ports::Flash {
 public:
  static constexpr u32 kSectorBytes = 64u << 10;

  /// `memory` is a whole number of sectors; erases all of it.
  void init(MutBytes memory);
  u32 size_bytes() const override { return static_cast<u32>(memory_.size()); }
  u32 sector_bytes() const override { return kSectorBytes; }
  bool persistent() const override { return false; }
  Status erase(u32 offset, u32 size) override;
  Status program(u32 offset, Bytes data) override;
  Bytes view(u32 offset, u32 size) const override;

 private:
  MutBytes memory_;
};

}  // namespace pipit::mewz
