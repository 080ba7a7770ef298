#pragma once
#include <string>

#include "ports/flash.h"
#include "support/error.h"

namespace pipit::host {

/// Flash in a mapped file, or in memory that is gone with the process. Bits are only ever cleared by
/// program(), and programming what is not erased is refused, as on a real part.
class MappedFlash final : public ports::Flash {
 public:
  /// Empty `file`: in memory. A file is made when it is missing; one of another size is refused.
  static support::Result<MappedFlash> create(const std::string& file, u32 size_bytes, u32 sector_bytes);
  MappedFlash(MappedFlash&& other) noexcept;
  MappedFlash& operator=(MappedFlash&&) = delete;
  ~MappedFlash();

  u32 size_bytes() const override { return static_cast<u32>(memory_.size()); }
  u32 sector_bytes() const override { return sector_bytes_; }
  bool persistent() const override { return persistent_; }
  Status erase(u32 offset, u32 size) override;
  Status program(u32 offset, Bytes data) override;
  Bytes view(u32 offset, u32 size) const override;

 private:
  MappedFlash(MutBytes memory, u32 sector_bytes, bool persistent)
      : memory_(memory), sector_bytes_(sector_bytes), persistent_(persistent) {}
  MutBytes memory_;
  u32 sector_bytes_;
  bool persistent_;
};

}  // namespace pipit::host
