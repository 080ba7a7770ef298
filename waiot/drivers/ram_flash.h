#pragma once
#include "ports/flash.h"

namespace pipit::waiot {

/// A plain memory range that behaves like NOR flash but forgets: for boards whose emulation has none.
class RamFlash final : public ports::Flash {
 public:
  constexpr RamFlash(usize base, u32 size, u32 sector) : base_(base), size_(size), sector_(sector) {}
  u32 size_bytes() const override { return size_; }
  u32 sector_bytes() const override { return sector_; }
  bool persistent() const override { return false; }
  Status erase(u32 offset, u32 size) override;
  Status program(u32 offset, Bytes data) override;
  Bytes view(u32 offset, u32 size) const override;

 private:
  usize base_;
  u32 size_, sector_;
};

}  // namespace pipit::waiot
