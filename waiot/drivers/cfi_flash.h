#pragma once
#include "ports/flash.h"
#include "waiot/drivers/mmio.h"

namespace pipit::waiot {

/// NOR flash with the Common Flash Interface (JESD68) and Intel's command set (Intel AP-646): two 16-bit
/// chips side by side on a 32-bit bus, the arrangement of QEMU's virt machine. Nothing may be executed from
/// it while it is erased or programmed; views read as status words meanwhile, so no interrupt handler looks
/// at one.
class CfiFlash final : public ports::Flash {
 public:
  constexpr explicit CfiFlash(usize base) : registers_(base) {}
  /// Asks the chips for their geometry and offers the first `limit_bytes` of them; unavailable when none
  /// answers.
  Status init(u32 limit_bytes);

  u32 size_bytes() const override { return size_; }
  u32 sector_bytes() const override { return sector_; }
  bool persistent() const override { return true; }
  Status erase(u32 offset, u32 size) override;
  Status program(u32 offset, Bytes data) override;
  Bytes view(u32 offset, u32 size) const override;

 private:
  u32 query(u32 index) const;
  void command(u32 offset, u32 code) const;
  Status wait_ready(u32 offset) const;
  void read_array() const;
  Status program_buffer(u32 offset, const u8* source, u32 words) const;
  Status program_part(u32 offset, Bytes data) const;

  Registers registers_;
  u32 size_ = 0, sector_ = 0;
  u32 buffer_ = 0;  ///< bytes one buffered write takes
};

}  // namespace pipit::waiot
