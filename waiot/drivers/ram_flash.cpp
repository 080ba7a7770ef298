#include "waiot/drivers/ram_flash.h"

#include <cstring>

namespace pipit::waiot {

Status RamFlash::erase(u32 offset, u32 size) {
  if (offset % sector_ != 0 || size % sector_ != 0)
    return Error{Code::invalid_argument, "not whole sectors", offset};
  if (offset > size_ || size > size_ - offset)
    return Error{Code::out_of_range, "erase outside flash", offset};
  std::memset(reinterpret_cast<void*>(base_ + offset), 0xFF, size);
  return {};
}

Status RamFlash::program(u32 offset, Bytes data) {
  if (offset > size_ || data.size() > size_ - offset)
    return Error{Code::out_of_range, "program outside flash", offset};
  u8* at = reinterpret_cast<u8*>(base_ + offset);
  for (usize i = 0; i < data.size(); ++i) {
    at[i] &= data[i];  // programming only clears bits
    if (at[i] != data[i])
      return Error{Code::io, "flash was not erased before programming", offset + static_cast<u32>(i)};
  }
  return {};
}

Bytes RamFlash::view(u32 offset, u32 size) const {
  PIPIT_CHECK(offset <= size_ && size <= size_ - offset);
  return {reinterpret_cast<const u8*>(base_ + offset), size};
}

}  // namespace pipit::waiot
