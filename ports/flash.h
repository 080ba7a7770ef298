#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::ports {

/// Memory-mapped NOR-like storage: erase sets whole sectors to 0xFF, programming only clears bits.
/// Boards without flash put a plain memory range behind it and say persistent() == false.
class Flash {
 public:
  virtual u32 size_bytes() const = 0;
  /// Erase granularity; a power of two.
  virtual u32 sector_bytes() const = 0;
  virtual bool persistent() const = 0;
  /// Erases [offset, offset + size), both multiples of sector_bytes().
  virtual Status erase(u32 offset, u32 size) = 0;
  /// Writes `data` to erased bytes; any offset, any length; verified by reading back.
  virtual Status program(u32 offset, Bytes data) = 0;
  /// The bytes in place, readable (and executable data) until they are erased. Range must lie inside.
  virtual Bytes view(u32 offset, u32 size) const = 0;

 protected:
  ~Flash() = default;
};

}  // namespace pipit::ports
