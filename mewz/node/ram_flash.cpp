#include "mewz/node/ram_flash.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace pipit::mewz {

void RamFlash::init(MutBytes memory) {
  PIPIT_CHECK(memory.size() % kSectorBytes == 0);
  memory_ = memory;
  std::memset(memory_.data(), 0xFF, memory_.size());
}

Status RamFlash::erase(u32 offset, u32 size) {
  if ((offset | size) % kSectorBytes != 0 || offset > memory_.size() || size > memory_.size() - offset)
    return Error{Code::out_of_range, "erase outside flash or within a sector", offset};
  std::memset(memory_.data() + offset, 0xFF, size);
  return {};
}

Status RamFlash::program(u32 offset, Bytes data) {
  if (offset > memory_.size() || data.size() > memory_.size() - offset)
    return Error{Code::out_of_range, "program outside flash", offset};
  const MutBytes place = memory_.subspan(offset, data.size());
  const auto used = std::find_if(place.begin(), place.end(), [](u8 byte) { return byte != 0xFF; });
  if (used != place.end())
    return Error{Code::io, "flash is not erased", offset + static_cast<u32>(used - place.begin())};
  if (!data.empty()) std::memcpy(place.data(), data.data(), data.size());
  return {};
}

Bytes RamFlash::view(u32 offset, u32 size) const {
  PIPIT_CHECK(offset <= memory_.size() && size <= memory_.size() - offset);
  return memory_.subspan(offset, size);
}

}  // namespace pipit::mewz
